/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyboard controller's translation of one byte of scan code set 2 to set 1 (i8042.c).
 */
#ifndef HW_INPUT_I8042_TRANSLATE_H
#define HW_INPUT_I8042_TRANSLATE_H

#include <stdint.h>

uint8_t i8042_translate(unsigned byte);

#endif
