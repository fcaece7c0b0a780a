/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The short syntax of -serial, -monitor, -qmp and -gdb, translated into the options of -chardev.
 */
#include <stdlib.h>

#include "chardev-internal.h"

static void put(OptionSet *o, const char *key, const char *value) { option_set_put(o, key, value); }

/* "server", "server=on", "nowait", "wait=off", "reconnect=5", ... after the address. */
static bool put_flags(OptionSet *o, const char *flags, Error **errp)
{
    g_auto(GStrv) items = g_strsplit(flags, ",", -1);
    for (char **i = items; *i; i++) {
        char *eq = strchr(*i, '=');
        if (!**i) {
            continue;
        }
        if (eq) {
            *eq = 0;
            put(o, *i, eq + 1);
        } else if (!strcmp(*i, "nowait")) {
            put(o, "wait", "off");
        } else if (!strcmp(*i, "nodelay")) {
            put(o, "nodelay", "on");
        } else if (!strcmp(*i, "delay")) {
            put(o, "nodelay", "off");
        } else {
            put(o, *i, "on");
        }
    }
    return true;
}

/* HOST:PORT[,flags]; HOST may be empty or [v6]. */
static bool put_inet(OptionSet *o, const char *addr, Error **errp)
{
    const char *comma = strchr(addr, ',');
    g_autofree char *hostport = comma ? g_strndup(addr, (gsize)(comma - addr)) : g_strdup(addr);
    char *colon = strrchr(hostport, ':');
    if (!colon || !colon[1]) {
        error_setg(errp, "'%s' is no address: HOST:PORT is needed", hostport);
        return false;
    }
    *colon = 0;
    char *host = hostport;
    size_t len = strlen(host);
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = 0;
        host++;
    }
    put(o, "backend", "socket");
    put(o, "host", host);
    put(o, "port", colon + 1);
    return !comma || put_flags(o, comma + 1, errp);
}

static bool put_path(OptionSet *o, const char *backend, const char *path, Error **errp)
{
    put(o, "backend", backend);
    put(o, "path", path);
    return true;
}

static bool translate(OptionSet *o, const char *text, bool mux, Error **errp)
{
    const char *rest;
    if (!strcmp(text, "stdio")) {
        put(o, "backend", "stdio");
        if (mux) {
            put(o, "signal", "off"); /* Ctrl-C is the guest's; Ctrl-A x ends */
        }
        return true;
    }
    static const char *const plain[] = {"null", "pty", "ringbuf", NULL};
    for (int i = 0; plain[i]; i++) {
        if (!strcmp(text, plain[i])) {
            put(o, "backend", plain[i]);
            return true;
        }
    }
    if (g_str_has_prefix(text, "tcp:") || g_str_has_prefix(text, "telnet:")) {
        if (text[1] == 'e') {
            put(o, "telnet", "on");
        }
        return put_inet(o, strchr(text, ':') + 1, errp);
    }
    if (g_str_has_prefix(text, "unix:")) {
        rest = text + 5;
        const char *comma = strchr(rest, ',');
        g_autofree char *path = comma ? g_strndup(rest, (gsize)(comma - rest)) : g_strdup(rest);
        return put_path(o, "socket", path, errp) && (!comma || put_flags(o, comma + 1, errp));
    }
    if (g_str_has_prefix(text, "file:")) {
        return put_path(o, "file", text + 5, errp);
    }
    if (g_str_has_prefix(text, "pipe:")) {
        return put_path(o, "pipe", text + 5, errp);
    }
    static const char *const known[] = {"stdio", "mon:stdio", "null", "none", "pty", "ringbuf", "tcp:", "unix:", "telnet:", "file:", "pipe:", "chardev:", NULL};
    error_set_unknown(errp, text, known,
                      "'%s' is no character device: use stdio, mon:stdio, null, none, pty, file:PATH, pipe:PATH, tcp:HOST:PORT, "
                      "unix:PATH, telnet:HOST:PORT or chardev:ID", text);
    return false;
}

Chardev *chardev_create_legacy(Object *root, const char *label, const char *text, bool *none, bool *monitor, Error **errp)
{
    *none = false;
    if (monitor) {
        *monitor = false;
    }
    if (!strcmp(text, "none")) {
        *none = true;
        return NULL;
    }
    if (g_str_has_prefix(text, "chardev:")) {
        return chardev_find_error(root, text + 8, errp);
    }
    bool mux = g_str_has_prefix(text, "mon:");
    if (mux) {
        if (!monitor) {
            error_setg(errp, "'%s': mon: is for -serial", text);
            return NULL;
        }
        text += 4;
    }
    g_autoptr(OptionSet) o = option_set_new();
    if (!translate(o, text, mux, errp)) {
        return NULL;
    }
    put(o, "id", label);
    if (mux) {
        put(o, "mux", "on");
        *monitor = true;
    }
    return chardev_create(root, o, errp);
}
