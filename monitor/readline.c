/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line editor of a monitor on a terminal: insert, delete, movement, history, completion. Input comes byte by byte from
 * a character device; keys are control codes and ANSI escape sequences (ECMA-48). The line is bounded.
 */
#include "internal.h"

#include <string.h>

enum { LINE_MAX_BYTES = 4000, HISTORY_MAX = 64 };

struct Readline {
    const ReadlineOps *ops;
    void *opaque;
    char *prompt;
    GString *line;
    size_t cursor;
    GPtrArray *history;   /* char * */
    unsigned recalled;    /* index into history; history->len: the new line */
    char *saved;          /* the new line while an old one is shown */
    enum { KEY_PLAIN, KEY_ESC, KEY_CSI } state;
    unsigned number;      /* numeric parameter of an escape sequence */
};

static void print(Readline *rl, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void print(Readline *rl, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    rl->ops->print(rl->opaque, text, strlen(text));
}

Readline *readline_new(const ReadlineOps *ops, const char *prompt, void *opaque)
{
    Readline *rl = g_new0(Readline, 1);
    rl->ops = ops;
    rl->opaque = opaque;
    rl->prompt = g_strdup(prompt);
    rl->line = g_string_new(NULL);
    rl->history = g_ptr_array_new_with_free_func(g_free);
    return rl;
}

void readline_free(Readline *rl)
{
    if (rl) {
        g_string_free(rl->line, TRUE);
        g_ptr_array_free(rl->history, TRUE);
        g_free(rl->saved);
        g_free(rl->prompt);
        g_free(rl);
    }
}

/* Draws the whole line again and puts the cursor in its place. */
static void redraw(Readline *rl)
{
    size_t back = rl->line->len - rl->cursor;
    print(rl, "\r\033[K%s%s", rl->prompt, rl->line->str);
    if (back) {
        print(rl, "\033[%zuD", back);
    }
}

const char *readline_history(Readline *rl, unsigned i)
{
    return i < rl->history->len ? g_ptr_array_index(rl->history, i) : NULL;
}

void readline_prompt(Readline *rl)
{
    redraw(rl);
}

static void insert(Readline *rl, const char *text, size_t len)
{
    if (rl->line->len + len > LINE_MAX_BYTES) {
        print(rl, "\a");
        return;
    }
    g_string_insert_len(rl->line, (gssize)rl->cursor, text, (gssize)len);
    rl->cursor += len;
    if (rl->cursor == rl->line->len) {
        rl->ops->print(rl->opaque, text, len);
    } else {
        redraw(rl);
    }
}

static void erase(Readline *rl, size_t from, size_t to)
{
    g_string_erase(rl->line, (gssize)from, (gssize)(to - from));
    rl->cursor = from;
    redraw(rl);
}

static void recall(Readline *rl, int step)
{
    unsigned next = rl->recalled + (unsigned)step;
    if ((step < 0 && rl->recalled == 0) || next > rl->history->len) {
        return;
    }
    if (rl->recalled == rl->history->len) {
        g_free(rl->saved);
        rl->saved = g_strdup(rl->line->str);
    }
    rl->recalled = next;
    const char *text = next == rl->history->len ? rl->saved : g_ptr_array_index(rl->history, next);
    g_string_assign(rl->line, text ? text : "");
    rl->cursor = rl->line->len;
    redraw(rl);
}

static void enter(Readline *rl)
{
    g_autofree char *line = g_strdup(rl->line->str);
    print(rl, "\r\n");
    const char *last = rl->history->len ? g_ptr_array_index(rl->history, rl->history->len - 1) : "";
    if (*g_strchug(line) && strcmp(line, last)) {
        g_ptr_array_add(rl->history, g_strdup(line));
        if (rl->history->len > HISTORY_MAX) {
            g_ptr_array_remove_index(rl->history, 0);
        }
    }
    rl->recalled = rl->history->len;
    g_string_truncate(rl->line, 0);
    rl->cursor = 0;
    rl->ops->line(rl->opaque, line);
}

static size_t common_prefix(char **words)
{
    size_t len = strlen(words[0]);
    for (char **w = words + 1; *w; w++) {
        size_t i = 0;
        while (i < len && words[0][i] == (*w)[i]) {
            i++;
        }
        len = i;
    }
    return len;
}

static void complete(Readline *rl)
{
    g_autofree char *head = g_strndup(rl->line->str, rl->cursor);
    g_auto(GStrv) words = rl->ops->complete(rl->opaque, head);
    if (!words || !words[0]) {
        return;
    }
    const char *space = strrchr(head, ' ');
    size_t typed = strlen(space ? space + 1 : head);
    size_t len = common_prefix(words);
    if (len > typed) {
        insert(rl, words[0] + typed, len - typed);
    }
    if (!words[1]) {
        insert(rl, " ", 1);
    } else if (len <= typed) {
        print(rl, "\r\n");
        for (char **w = words; *w; w++) {
            print(rl, "%s\r\n", *w);
        }
        redraw(rl);
    }
}

static size_t word_start(const Readline *rl)
{
    size_t i = rl->cursor;
    while (i && rl->line->str[i - 1] == ' ') {
        i--;
    }
    while (i && rl->line->str[i - 1] != ' ') {
        i--;
    }
    return i;
}

static void move(Readline *rl, size_t to)
{
    rl->cursor = MIN(to, rl->line->len);
    redraw(rl);
}

static void escape_key(Readline *rl, uint8_t byte)
{
    switch (byte) {
    case 'A': recall(rl, -1); break;
    case 'B': recall(rl, 1); break;
    case 'C': move(rl, rl->cursor + 1); break;
    case 'D': move(rl, rl->cursor ? rl->cursor - 1 : 0); break;
    case 'H': move(rl, 0); break;
    case 'F': move(rl, rl->line->len); break;
    case '~':
        if (rl->number == 1 || rl->number == 7) {
            move(rl, 0);
        } else if (rl->number == 4 || rl->number == 8) {
            move(rl, rl->line->len);
        } else if (rl->number == 3 && rl->cursor < rl->line->len) {
            erase(rl, rl->cursor, rl->cursor + 1);
        }
        break;
    default: break;
    }
}

static void plain_key(Readline *rl, uint8_t byte)
{
    switch (byte) {
    case 1: move(rl, 0); break;
    case 2: move(rl, rl->cursor ? rl->cursor - 1 : 0); break;
    case 3: /* drops the line */
        print(rl, "^C\r\n");
        g_string_truncate(rl->line, 0);
        rl->cursor = 0;
        rl->recalled = rl->history->len;
        redraw(rl);
        break;
    case 4:
        if (rl->cursor < rl->line->len) {
            erase(rl, rl->cursor, rl->cursor + 1);
        }
        break;
    case 5: move(rl, rl->line->len); break;
    case 6: move(rl, rl->cursor + 1); break;
    case 8:
    case 127:
        if (rl->cursor) {
            erase(rl, rl->cursor - 1, rl->cursor);
        }
        break;
    case '\t': complete(rl); break;
    case '\n':
    case '\r': enter(rl); break;
    case 11: erase(rl, rl->cursor, rl->line->len); break;
    case 12: redraw(rl); break;
    case 14: recall(rl, 1); break;
    case 16: recall(rl, -1); break;
    case 21: erase(rl, 0, rl->cursor); break;
    case 23: erase(rl, word_start(rl), rl->cursor); break;
    case 27: rl->state = KEY_ESC; break;
    default:
        if (byte >= 32) {
            insert(rl, (const char *)&byte, 1);
        }
        break;
    }
}

void readline_feed(Readline *rl, uint8_t byte)
{
    switch (rl->state) {
    case KEY_PLAIN: plain_key(rl, byte); break;
    case KEY_ESC:
        rl->state = byte == '[' || byte == 'O' ? KEY_CSI : KEY_PLAIN;
        rl->number = 0;
        break;
    case KEY_CSI:
        if (g_ascii_isdigit(byte)) {
            rl->number = (rl->number * 10 + byte - '0') % 1000;
        } else if (byte >= 0x20 && byte < 0x40) {
            rl->number = 0; /* a further parameter: a key with Shift or Ctrl */
        } else {
            rl->state = KEY_PLAIN;
            escape_key(rl, byte);
        }
        break;
    }
}
