/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of keys as `sendkey` and QMP have them, and their set-1 make codes.
 */
#include <stdlib.h>
#include <string.h>

#include "hw/input/ps2.h"

typedef struct KeyName {
    const char *name;
    uint32_t key;
} KeyName;

/* sorted by name */
static const KeyName key_names[] = {
    {"0", 0x0b}, {"1", 0x02}, {"2", 0x03}, {"3", 0x04}, {"4", 0x05}, {"5", 0x06}, {"6", 0x07}, {"7", 0x08}, {"8", 0x09},
    {"9", 0x0a}, {"a", 0x1e}, {"ac_back", 0xe06a}, {"ac_bookmarks", 0xe066}, {"ac_forward", 0xe069},
    {"ac_home", 0xe032}, {"ac_refresh", 0xe067}, {"again", 0xe005}, {"alt", 0x38}, {"alt_r", 0xe038},
    {"apostrophe", 0x28}, {"asterisk", 0x37}, {"audiomute", 0xe020}, {"audionext", 0xe019}, {"audioplay", 0xe022},
    {"audioprev", 0xe010}, {"audiostop", 0xe024}, {"b", 0x30}, {"backslash", 0x2b}, {"backspace", 0x0e}, {"bracket_left", 0x1a},
    {"bracket_right", 0x1b}, {"c", 0x2e}, {"calculator", 0xe021}, {"caps_lock", 0x3a}, {"comma", 0x33},
    {"compose", 0xe05d}, {"computer", 0xe06b}, {"copy", 0xe078}, {"ctrl", 0x1d}, {"ctrl_r", 0xe01d}, {"cut", 0xe03c},
    {"d", 0x20}, {"delete", 0xe053}, {"dot", 0x34}, {"down", 0xe050}, {"e", 0x12}, {"end", 0xe04f}, {"equal", 0x0d},
    {"esc", 0x01}, {"f", 0x21}, {"f1", 0x3b}, {"f10", 0x44}, {"f11", 0x57}, {"f12", 0x58}, {"f2", 0x3c}, {"f3", 0x3d},
    {"f4", 0x3e}, {"f5", 0x3f}, {"f6", 0x40}, {"f7", 0x41}, {"f8", 0x42}, {"f9", 0x43}, {"find", 0xe041}, {"g", 0x22},
    {"grave_accent", 0x29}, {"h", 0x23}, {"help", 0xe075}, {"henkan", 0x79}, {"hiragana", 0x77}, {"home", 0xe047},
    {"i", 0x17}, {"insert", 0xe052}, {"j", 0x24}, {"k", 0x25}, {"katakanahiragana", 0x70}, {"kp_0", 0x52},
    {"kp_1", 0x4f}, {"kp_2", 0x50}, {"kp_3", 0x51}, {"kp_4", 0x4b}, {"kp_5", 0x4c}, {"kp_6", 0x4d}, {"kp_7", 0x47},
    {"kp_8", 0x48}, {"kp_9", 0x49}, {"kp_add", 0x4e}, {"kp_comma", 0x7e}, {"kp_decimal", 0x53}, {"kp_divide", 0xe035},
    {"kp_enter", 0xe01c}, {"kp_equals", 0x59}, {"kp_multiply", 0x37}, {"kp_subtract", 0x4a}, {"l", 0x26},
    {"left", 0xe04b}, {"less", 0x56}, {"lf", 0x5b}, {"m", 0x32}, {"mail", 0xe06c}, {"menu", 0xe01e}, {"meta_l", 0xe05b},
    {"meta_r", 0xe05c}, {"minus", 0x0c}, {"muhenkan", 0x7b}, {"n", 0x31}, {"num_lock", 0x45}, {"o", 0x18}, {"p", 0x19},
    {"pause", 0xe11d45}, {"pgdn", 0xe051}, {"pgup", 0xe049}, {"power", 0xe05e}, {"print", 0xe02a37}, {"q", 0x10},
    {"r", 0x13}, {"ret", 0x1c}, {"right", 0xe04d}, {"ro", 0x73}, {"s", 0x1f}, {"scroll_lock", 0x46},
    {"semicolon", 0x27}, {"shift", 0x2a}, {"shift_r", 0x36}, {"slash", 0x35}, {"sleep", 0xe05f}, {"spc", 0x39},
    {"stop", 0xe068}, {"sysrq", 0x54}, {"t", 0x14}, {"tab", 0x0f}, {"u", 0x16}, {"undo", 0xe007}, {"up", 0xe048},
    {"v", 0x2f}, {"volumedown", 0xe02e}, {"volumeup", 0xe030}, {"w", 0x11}, {"wake", 0xe063}, {"x", 0x2d}, {"y", 0x15},
    {"yen", 0x7d}, {"z", 0x2c},
};

static int compare(const void *name, const void *entry) { return strcmp(name, ((const KeyName *)entry)->name); }

uint32_t ps2_key_from_name(const char *qcode)
{
    if (g_str_has_prefix(qcode, "0x")) { /* a make code; bit 7 stands for the prefix 0xe0 */
        char *end;
        guint64 code = g_ascii_strtoull(qcode, &end, 16);
        return *end || code > 0xff ? 0 : code & 0x80 ? 0xe000 | (uint32_t)(code & 0x7f) : (uint32_t)code;
    }
    const KeyName *found = bsearch(qcode, key_names, G_N_ELEMENTS(key_names), sizeof(key_names[0]), compare);
    return found ? found->key : 0;
}

const char **ps2_key_names(void)
{
    const char **names = g_new0(const char *, G_N_ELEMENTS(key_names) + 1);
    for (size_t i = 0; i < G_N_ELEMENTS(key_names); i++) {
        names[i] = key_names[i].name;
    }
    return names;
}
