/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors (set once, propagation, hints, classes, error_fatal in a child process), spelling suggestions, and the registry
 * as a program of its own sees it.
 */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "util/error.h"
#include "util/registry.h"

static bool fails(Error **errp)
{
    error_setg(errp, "first %d", 1);
    return false;
}

static bool adds(Error **errp)
{
    ERRP_GUARD();

    if (!fails(errp)) {
        error_prepend(errp, "outer: ");
        error_append_hint(errp, "Try %s.", "this");
        error_append_hint(errp, " Or that.");
        return false;
    }
    return true;
}

static void test_basic(void)
{
    g_autoptr(Error) err = NULL;
    Error *other = NULL;

    g_assert_false(fails(NULL));
    g_assert_false(adds(NULL));
    g_assert_false(adds(&err));
    g_assert_cmpstr(error_message(err), ==, "outer: first 1");
    g_assert_cmpstr(error_hint(err), ==, "Try this. Or that.");
    g_assert_cmpint(error_class(err), ==, ERROR_GENERIC);
    fails(&err); /* the first stays */
    g_assert_cmpstr(error_message(err), ==, "outer: first 1");
    error_set_class(&other, ERROR_DEVICE_NOT_FOUND, "no");
    error_propagate(&err, other);
    g_assert_cmpint(error_class(err), ==, ERROR_GENERIC);
    error_propagate(NULL, NULL);
    error_append_hint(NULL, "x");
}

static void test_errno(void)
{
    g_autoptr(Error) err = NULL;

    error_setg_errno(&err, ENOENT, "cannot open '%s'", "x");
    g_assert_cmpstr(error_message(err), ==, "cannot open 'x': No such file or directory");
}

static void test_fatal(void)
{
    if (g_test_subprocess()) {
        error_set_program("/usr/bin/qemu-system-test");
        adds(&error_fatal);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("qemu-system-test: outer: first 1\nTry this. Or that.\n");
}

static void sink(const char *line, void *opaque)
{
    g_string_append(opaque, line);
}

static void test_sink(void)
{
    GString *s = g_string_new(NULL);
    Error *err = NULL;

    error_set_sink(sink, s);
    warn_report("careful %d", 3);
    error_set_unknown(&err, "foo", (const char *const[]){"fooo", NULL}, "unknown 'foo'");
    error_report_err(err);
    error_set_sink(NULL, NULL);
    g_assert_cmpstr(s->str, ==, "warning: careful 3\nunknown 'foo'\nDid you mean 'fooo'?\n");
    g_string_free(s, TRUE);
}

static void test_suggest(void)
{
    static const char *const names[] = {"virtio-blk-device", "virtio-net-device", "virt", "accel", "memory", "smp", NULL};
    g_autofree char *huge = g_strnfill(100000, 'a');

    g_assert_cmpstr(suggest_nearest("vrit", names), ==, "virt");
    g_assert_cmpstr(suggest_nearest("virtio-bkl-device", names), ==, "virtio-blk-device");
    g_assert_cmpstr(suggest_nearest("virtio-net", names), ==, "virtio-net-device");
    g_assert_cmpstr(suggest_nearest("Memory", names), ==, "memory");
    g_assert_cmpstr(suggest_nearest("acel", names), ==, "accel");
    g_assert_null(suggest_nearest("zzzzzz", names));
    g_assert_null(suggest_nearest("", names));
    g_assert_null(suggest_nearest(huge, names));
    g_assert_null(suggest_nearest("x", (const char *const[]){NULL}));
}

/* --- the registry --- */

typedef struct Fruit {
    const char *name;
    int weight;
} Fruit;

REGISTRY_OWN(fruit);
REGISTRY_OWN(nothing);
static const Fruit pear = {"pear", 3}, apple = {"apple", 1}, melon = {"melon", 2};
REGISTRY_ADD(fruit, pear);
REGISTRY_ADD(fruit, apple);
REGISTRY_ADD(fruit, melon);

REGISTRY_OWN(twice);
static const Fruit one = {"same", 1}, two = {"same", 2};
REGISTRY_ADD(twice, one);
REGISTRY_ADD(twice, two);

static void test_registry(void)
{
    size_t n, again;
    const Fruit *const *all = (const Fruit *const *)REGISTRY_SORTED(fruit, &n);

    g_assert_cmpuint(n, ==, 3);
    g_assert_cmpstr(all[0]->name, ==, "apple");
    g_assert_cmpstr(all[1]->name, ==, "melon");
    g_assert_cmpstr(all[2]->name, ==, "pear");
    g_assert_null(all[3]);
    g_assert_true((const void *)all == REGISTRY_SORTED(fruit, &again));
    g_assert_true(registry_find((const void *const *)all, n, "melon") == &melon);
    g_assert_null(registry_find((const void *const *)all, n, "plum"));
    REGISTRY_SORTED(nothing, &n);
    g_assert_cmpuint(n, ==, 0);
}

static void test_registry_duplicate(void)
{
    if (g_test_subprocess()) {
        REGISTRY_SORTED(twice, NULL);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*registry 'twice': two records are named 'same'*");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/basic", test_basic);
    g_test_add_func("/error/errno", test_errno);
    g_test_add_func("/error/fatal", test_fatal);
    g_test_add_func("/error/sink", test_sink);
    g_test_add_func("/error/suggest", test_suggest);
    g_test_add_func("/registry/sorted", test_registry);
    g_test_add_func("/registry/duplicate", test_registry_duplicate);
    return g_test_run();
}
