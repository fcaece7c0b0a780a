/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A console's picture as a file: PNG (ISO/IEC 15948, by libpng), binary PPM, or the text of a text mode. Written beside the target and renamed over it, so
 * that a full disk leaves what was there.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <png.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ui/console.h"

static void row_rgb(const uint32_t *src, uint8_t *dst, unsigned width)
{
    for (unsigned x = 0; x < width; x++) {
        dst[3 * x] = (uint8_t)(src[x] >> 16);
        dst[3 * x + 1] = (uint8_t)(src[x] >> 8);
        dst[3 * x + 2] = (uint8_t)src[x];
    }
}

static bool write_ppm(Console *c, FILE *f)
{
    unsigned w = console_width(c), h = console_height(c);
    g_autofree uint8_t *row = g_malloc(3 * (size_t)w);

    fprintf(f, "P6\n%u %u\n255\n", w, h);
    for (unsigned y = 0; y < h; y++) {
        row_rgb(console_row(c, y), row, w);
        fwrite(row, 3, w, f);
    }
    return !ferror(f);
}

static bool write_png(Console *c, FILE *f)
{
    unsigned w = console_width(c), h = console_height(c);
    g_autofree uint8_t *rgb = g_malloc(3 * (size_t)w * h);
    png_image image = {.version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = PNG_FORMAT_RGB};

    for (unsigned y = 0; y < h; y++) {
        row_rgb(console_row(c, y), rgb + 3 * (size_t)w * y, w);
    }
    bool good = png_image_write_to_stdio(&image, f, 0, rgb, 0, NULL);
    png_image_free(&image);
    return good && !ferror(f);
}

static bool write_text(Console *c, FILE *f)
{
    g_autofree char *text = console_text(c);

    fputs(text ? text : "", f);
    return !ferror(f);
}

bool console_screendump(Console *c, const char *path, const char *format, Error **errp)
{
    static bool (*const writers[])(Console *c, FILE *f) = {write_ppm, write_png, write_text};
    static const char *const names[] = {"ppm", "png", "txt"};
    const char *dot = strrchr(path, '.');
    unsigned kind = 0;
    g_autofree char *part = NULL;
    struct stat st;

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(format ? format : dot ? dot + 1 : "", names[i])) {
            kind = i;
        }
    }
    if (format && strcmp(format, names[kind])) {
        error_setg(errp, "a picture cannot be written as '%s': it is png, ppm or txt", format);
        return false;
    }
    FILE *f = NULL;
    if (!stat(path, &st) && !S_ISREG(st.st_mode)) { /* a pipe or device is written to as it is */
        f = fopen(path, "wbe");
    } else {
        part = g_strdup_printf("%s.XXXXXX", path);
        int fd = g_mkstemp_full(part, O_RDWR | O_CLOEXEC, 0666);
        f = fd >= 0 ? fdopen(fd, "wb") : NULL;
    }
    if (!f) {
        error_setg_errno(errp, errno, "could not write '%s'", path);
        return false;
    }
    console_update(c);
    bool good = writers[kind](c, f);
    int code = errno;
    if (fclose(f)) {
        code = errno;
        good = false;
    }
    if (good && part && rename(part, path)) {
        code = errno;
        good = false;
    }
    if (!good) {
        if (part) {
            unlink(part);
        }
        error_setg_errno(errp, code, "could not write '%s'", path);
    }
    return good;
}
