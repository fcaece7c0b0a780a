/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `-object secret,id=ID`: a password or key. */
#ifndef SOFTMMU_SECRET_H
#define SOFTMMU_SECRET_H

#include "qom/object.h"

#define TYPE_SECRET "secret"

/* NULL where @obj is no secret. The bytes live as long as the object; a NUL may be among them. */
const uint8_t *secret_bytes(Object *obj, size_t *len);

#endif
