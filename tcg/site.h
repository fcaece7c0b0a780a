/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The byte stream of a site's locations, shared by backends (which write it) and tcg/site.c (which reads it): a 16-bit
 * count, then for each dirty slot: slot number, kind | form, operand. Little-endian.
 */
#ifndef TCG_SITE_H
#define TCG_SITE_H

enum {
    SITE_GPR,     /* one byte: index into save_gpr */
    SITE_VEC,     /* one byte: index into save_vec */
    SITE_FRAME,   /* two bytes: offset from host_sp */
    SITE_SLOT,    /* one byte: another slot whose memory holds it */
    SITE_CONST8, SITE_CONST32, SITE_CONST64, /* 1, 4, 8 bytes; sign-extended */
    SITE_KIND_MASK = 7,
    SITE_FORM_SHIFT = 3,
};
/* What is done to the value on its way */
enum {
    SITE_PLAIN,
    SITE_EXTS,      /* low 32 bits, sign-extended */
    SITE_EXTU,      /* low 32 bits, zero-extended */
    SITE_BOX32,     /* f32 below 32 one bits */
    SITE_BOX32_NAN, /* the same of a value that may be a NaN yet to be made canonical */
    SITE_NAN32, SITE_NAN64, /* may be such a NaN */
    SITE_FLAGS,     /* a TcgLazyFlags: 16 bits kind, 16 bits type, then kind and operand of a, b and c */
};

#endif
