/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The object model on a small zoo of types: chains, class data, interfaces, life cycle order, the composition tree,
 * properties of every origin, links, option sets and -object.
 */
#include <glib.h>
#include <string.h>

#include "qom/object.h"
#include "util/json.h"
#include "util/option.h"

static GString *events; /* what was called, in order */

typedef struct BoxClass {
    int corners;
} BoxClass;

typedef struct Box {
    Object obj;
    uint32_t width;
    char *label;
    Object *lid;
    uint32_t counter;
    bool fail;
} Box;

typedef struct Crate {
    Box box;
    uint8_t nails;
} Crate;

static void box_init(Object *obj) { g_string_append(events, "box-init "); }
static void crate_init(Object *obj) { g_string_append(events, "crate-init "); }
static void box_finalize(Object *obj) { g_string_append(events, "box-fini "); }
static void crate_finalize(Object *obj) { g_string_append(events, "crate-fini "); }
static void box_unrealize(Object *obj) { g_string_append(events, "box-unreal "); }
static void crate_unrealize(Object *obj) { g_string_append(events, "crate-unreal "); }

static bool box_realize(Object *obj, Error **errp)
{
    if (((Box *)obj)->fail) {
        error_setg(errp, "told to fail");
        return false;
    }
    g_string_append(events, "box-real ");
    return true;
}

static bool crate_realize(Object *obj, Error **errp)
{
    if (!object_parent_realize(obj, "crate", errp)) {
        return false;
    }
    g_string_append(events, "crate-real ");
    return true;
}

static bool crate_complete(Object *obj, Error **errp)
{
    if (((Crate *)obj)->nails == 13) {
        error_setg(errp, "13 nails");
        return false;
    }
    g_string_append(events, "complete ");
    return true;
}

static const Field box_fields[] = {
    FIELD(Box, width, FIELD_U32, "width", FIELD_PROP, .def = 10, .max = 1000, .help = "width in mm"),
    FIELD(Box, label, FIELD_STRING, "label", FIELD_PROP | FIELD_RUNTIME, .def_str = "plain"),
    FIELD(Box, lid, FIELD_LINK, "lid", FIELD_PROP, .info = "lid"),
    FIELD(Box, counter, FIELD_U32, "counter", FIELD_STATE, .def = 5),
    FIELD(Box, fail, FIELD_BOOL, "fail", FIELD_PROP | FIELD_HIDDEN),
    FIELD_END,
};
static const BoxClass box_class = {4};
static const TypeRecord box_type = {
    .name = "box", .parent = "object", .help = "a box", .instance_size = sizeof(Box), .class_kind = "box",
    .class_data = &box_class, .fields = box_fields, .init = box_init, .finalize = box_finalize, .realize = box_realize,
    .unrealize = box_unrealize,
};
TYPE_REGISTER(box_type);

static const Field crate_fields[] = {
    FIELD(Crate, nails, FIELD_U8, "nails", FIELD_PROP, .def = 3),
    FIELD(Crate, box.width, FIELD_U32, "width", FIELD_PROP, .def = 99, .help = "hides the box's"),
    FIELD_END,
};
static const BoxClass crate_class = {8};
static const UserCreatable crate_uc = {crate_complete};
static const InterfaceRecord crate_interfaces[] = {{INTERFACE_USER_CREATABLE, &crate_uc}, {"stackable", NULL}, {NULL}};
static const TypeRecord crate_type = {
    .name = "crate", .parent = "box", .instance_size = sizeof(Crate), .class_kind = "box", .class_data = &crate_class,
    .interfaces = crate_interfaces, .fields = crate_fields, .init = crate_init, .finalize = crate_finalize,
    .realize = crate_realize, .unrealize = crate_unrealize,
};
TYPE_REGISTER(crate_type);

static const TypeRecord big_crate_type = {.name = "big-crate", .parent = "crate"};
TYPE_REGISTER(big_crate_type);
static const TypeRecord lid_type = {.name = "lid", .parent = "object"};
TYPE_REGISTER(lid_type);
static const TypeRecord shape_type = {.name = "shape", .parent = "object", .abstract = true};
TYPE_REGISTER(shape_type);
static const Field needy_fields[] = {
    FIELD(Box, label, FIELD_STRING, "label", FIELD_PROP | FIELD_REQUIRED),
    FIELD(Box, width, FIELD_U32, "ro", FIELD_READONLY, .def = 4),
    FIELD_END,
};
static const TypeRecord needy_type = {.name = "needy", .parent = "object", .instance_size = sizeof(Box), .fields = needy_fields};
TYPE_REGISTER(needy_type);

static void test_types(void)
{
    const TypeRecord *big = type_find("big-crate");
    g_autofree const TypeRecord **list = type_list("box", true), **none = type_list("lid", true);
    g_autoptr(Error) err = NULL;

    g_assert_true(big == &big_crate_type && type_parent(big) == &crate_type);
    g_assert_null(type_find("carton"));
    g_assert_true(type_is_a(big, "box") && type_is_a(big, "object") && type_is_a(big, "stackable"));
    g_assert_false(type_is_a(big, "lid") || type_is_a(&box_type, "crate"));
    g_assert_true(type_class(big, "box") == &crate_class && type_class(&box_type, "box") == &box_class);
    g_assert_null(type_class(&lid_type, "box"));
    g_assert_true(type_interface(big, INTERFACE_USER_CREATABLE) == &crate_uc);
    g_assert_null(type_interface(&box_type, INTERFACE_USER_CREATABLE));
    g_assert_true(list[0] == &big_crate_type && list[1] == &crate_type && !list[2] && !none[0]);
    g_assert_true(type_find_field(big, "width") == &crate_fields[1] && type_find_field(big, "lid") == &box_fields[2]);
    g_assert_false(type_unknown_error("box", "big-carte", "box", &err));
    g_assert_cmpstr(error_message(err), ==, "unknown box 'big-carte'");
    g_assert_cmpstr(error_hint(err), ==, "Did you mean 'big-crate'?");
}

static void test_life(void)
{
    Object *obj;
    g_autoptr(Error) err = NULL, abstract = NULL;

    g_string_truncate(events, 0);
    obj = object_new("big-crate");
    g_assert_cmpuint(((Box *)obj)->width, ==, 99);
    g_assert_cmpuint(((Box *)obj)->counter, ==, 5);
    g_assert_true(object_cast(obj, "crate") == obj && !object_cast(obj, "lid") && !object_cast(NULL, "lid"));
    g_assert_true(object_realize(obj, NULL) && object_realize(obj, NULL));
    object_unref(object_ref(obj));
    object_unref(obj);
    g_assert_cmpstr(events->str, ==, "box-init crate-init box-real crate-real crate-unreal box-unreal crate-fini box-fini ");
    g_assert_null(object_try_new("bxo", &err));
    g_assert_null(object_try_new("shape", &abstract));
    g_assert_nonnull(strstr(error_message(abstract), "abstract"));
    g_clear_pointer(&err, error_free);
    obj = object_new("crate");
    object_set(obj, "fail", "on", NULL);
    g_assert_false(object_realize(obj, &err));
    object_unref(obj);
}

static void test_required(void)
{
    Object *obj = object_new("needy");
    g_autoptr(Error) err = NULL, ro = NULL;
    g_autofree char *text = NULL;

    g_assert_false(object_realize(obj, &err));
    g_assert_cmpstr(error_message(err), ==, "needy: property 'label' must be set");
    g_assert_false(object_set(obj, "ro", "5", &ro));
    g_assert_nonnull(strstr(error_message(ro), "read-only"));
    text = object_get(obj, "ro", NULL);
    g_assert_cmpstr(text, ==, "4");
    g_assert_true(object_set(obj, "label", "x", NULL) && object_realize(obj, NULL));
    object_unref(obj);
}

static Object *add(Object *parent, const char *name, const char *type)
{
    Object *obj = object_new(type);

    object_add_child(parent, name, obj);
    object_unref(obj);
    return obj;
}

static void list_names(Object *child, void *opaque)
{
    g_string_append_printf(events, "%s ", child->name);
    if (!strcmp(child->name, "b")) {
        object_remove_from_parent(child);
    }
}

static void test_tree(void)
{
    Object *root = object_new("container"), *machine, *soc, *uart1;
    g_autofree char *path = NULL, *root_path = NULL;
    bool ambiguous;

    g_assert_null(object_canonical_path(root));
    machine = add(root, "machine", "container");
    soc = add(machine, "soc", "container");
    add(soc, "uart[*]", "box");
    uart1 = add(soc, "uart[*]", "box");
    add(soc, "disk", "box");
    add(machine, "disk", "lid");
    path = object_canonical_path(uart1);
    root_path = object_canonical_path(root);
    g_assert_cmpstr(path, ==, "/machine/soc/uart[1]");
    g_assert_cmpstr(root_path, ==, "/");
    g_assert_true(object_root_of(uart1) == root);
    g_assert_true(object_resolve(root, "/machine/soc/uart[1]", NULL) == uart1);
    g_assert_true(object_resolve(root, "uart[1]", &ambiguous) == uart1 && !ambiguous);
    g_assert_true(object_resolve(root, "soc/uart[1]", NULL) == uart1);
    g_assert_true(object_resolve(root, "/", NULL) == root);
    g_assert_null(object_resolve(root, "disk", &ambiguous));
    g_assert_true(ambiguous);
    g_assert_null(object_resolve(root, "nothing", &ambiguous));
    g_assert_false(ambiguous);
    g_assert_null(object_resolve(root, "", NULL));
    g_assert_null(object_resolve(root, "/machine/x/y", NULL));

    add(soc, "a", "container");
    add(soc, "b", "container");
    add(soc, "c", "container");
    g_string_truncate(events, 0);
    object_foreach_child(soc, list_names, NULL);
    g_assert_cmpstr(events->str, ==, "uart[0] uart[1] disk a b c ");
    g_assert_null(object_get_child(soc, "b"));
    object_realize(uart1, NULL);
    g_string_truncate(events, 0);
    object_unref(root); /* the whole tree goes */
    g_assert_nonnull(strstr(events->str, "box-unreal box-fini"));
}

static void test_properties(void)
{
    Object *obj = object_new("crate");
    g_autoptr(Error) unknown = NULL, range = NULL, late = NULL, state = NULL;
    g_autoptr(JsonValue) seven = json_int(7), text = json_string("7"), got = NULL;
    g_autofree char *width = NULL;
    uint64_t v;

    g_assert_true(object_set(obj, "width", "0x20", NULL));
    width = object_get(obj, "width", NULL);
    g_assert_cmpstr(width, ==, "32");
    g_assert_true(object_set_json(obj, "nails", seven, NULL));
    g_assert_false(object_set_json(obj, "nails", text, NULL));
    got = object_get_json(obj, "nails", NULL);
    g_assert_true(json_get_u64(got, &v) && v == 7);
    g_assert_false(object_set(obj, "widht", "1", &unknown));
    g_assert_cmpstr(error_message(unknown), ==, "Property 'crate.widht' not found");
    g_assert_cmpstr(error_hint(unknown), ==, "Did you mean 'width'?");
    g_assert_false(object_set(obj, "nails", "256", &range));
    g_assert_false(object_set(obj, "counter", "1", &state));
    g_assert_null(object_get(obj, "counter", NULL));
    g_assert_true(object_realize(obj, NULL));
    g_assert_false(object_set(obj, "width", "1", &late));
    g_assert_nonnull(strstr(error_message(late), "cannot be set any more"));
    g_assert_true(object_set(obj, "label", "new", NULL));
    object_unref(obj);
}

static JsonValue *get_double(Object *obj, const DynamicProperty *p)
{
    return json_int(*(int64_t *)p->opaque * 2);
}

static bool set_half(Object *obj, const DynamicProperty *p, const JsonValue *v, Error **errp)
{
    int64_t i;

    if (!json_get_i64(v, &i)) {
        error_setg(errp, "no integer");
        return false;
    }
    *(int64_t *)p->opaque = i / 2;
    return true;
}

static void test_dynamic(void)
{
    Object *obj = object_new("box");
    g_autofree char *text = NULL;
    g_autoptr(Error) err = NULL;
    int64_t value = 0;

    object_add_property(obj, "twice", "int", "help", get_double, set_half, &value);
    object_add_property(obj, "twice", "int", "again", get_double, set_half, &value);
    object_add_property(obj, "fixed", "int", NULL, get_double, NULL, &value);
    g_assert_true(object_set(obj, "twice", "-8", NULL));
    g_assert_cmpint(value, ==, -4);
    text = object_get(obj, "twice", NULL);
    g_assert_cmpstr(text, ==, "-8");
    g_assert_false(object_set(obj, "twice", "x", NULL));
    g_assert_false(object_set(obj, "fixed", "1", &err));
    object_unref(obj);
}

static void test_links(void)
{
    Object *root = object_new("container"), *box = add(root, "box", "box"), *lid = add(root, "lid0", "lid");
    g_autoptr(Error) unknown = NULL, wrong = NULL;
    g_autofree char *path = NULL, *empty = NULL;
    g_autoptr(JsonValue) null = json_null();

    g_assert_true(object_set(box, "lid", "lid0", NULL));
    g_assert_true(((Box *)box)->lid == lid);
    path = object_get(box, "lid", NULL);
    g_assert_cmpstr(path, ==, "/lid0");
    g_assert_false(object_set(box, "lid", "lid1", &unknown));
    g_assert_cmpstr(error_hint(unknown), ==, "Did you mean 'lid0'?");
    g_assert_false(object_set(box, "lid", "box", &wrong));
    g_assert_nonnull(strstr(error_message(wrong), "expects an object of type 'lid'"));
    g_assert_false(object_set_link(box, "lid", box, NULL));
    g_assert_true(object_set_json(box, "lid", null, NULL));
    empty = object_get(box, "lid", NULL);
    g_assert_cmpstr(empty, ==, "");
    g_assert_true(object_set_link(box, "lid", lid, NULL));
    object_remove_from_parent(lid); /* the link keeps it alive */
    g_assert_true(object_is_a(((Box *)box)->lid, "lid"));
    object_unref(root);
}

static Object *user_create(Object *root, const char *text, Error **errp)
{
    g_autoptr(OptionSet) set = option_set_parse(text, "qom-type", errp);

    return set ? user_object_create(root, set, errp) : NULL;
}

static void test_user_objects(void)
{
    static const char *const bad[] = {
        "id=x", "crate", "crate,id=1x", "crat,id=c9", "box,id=b", "shape,id=s", "crate,id=c1", "crate,id=c3,nials=2",
        "crate,id=c3,nails=300", "crate,id=c3,nails=13", "crate,id=c3,fail=on", "crate,id=c3,lid=c1", "help",
    };
    Object *root = object_new("container"), *obj;

    obj = user_create(root, "crate,id=c1,width=5,label=a,,b", NULL);
    g_assert_true(obj && ((Box *)obj)->width == 5 && obj->realized);
    g_assert_cmpstr(((Box *)obj)->label, ==, "a,b");
    g_assert_true(object_resolve(root, "/objects/c1", NULL) == obj);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Error) err = NULL;

        if (user_create(root, bad[i], &err) || !err) {
            g_error("accepted '%s'", bad[i]);
        }
    }
    g_assert_null(object_resolve(root, "/objects/c3", NULL));
    g_assert_nonnull(user_create(root, "{'qom-type':'crate','id':'c3','nails':2}", NULL));
    object_unref(root);
}

static void test_help(void)
{
    if (g_test_subprocess()) {
        type_print_help("crate");
        type_print_help("lid");
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stdout("*crate options:\n  label=<str>            - (default: \"plain\")\n"
                              "  lid=<link<lid>>\n"
                              "  nails=<uint8>          - (default: 3)\n"
                              "  width=<uint32>         - hides the box's (default: 99)\n"
                              "There are no options for lid.\n*");
}

int main(int argc, char **argv)
{
    int result;

    events = g_string_new(NULL);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qom/types", test_types);
    g_test_add_func("/qom/life", test_life);
    g_test_add_func("/qom/required", test_required);
    g_test_add_func("/qom/tree", test_tree);
    g_test_add_func("/qom/properties", test_properties);
    g_test_add_func("/qom/dynamic", test_dynamic);
    g_test_add_func("/qom/links", test_links);
    g_test_add_func("/qom/user-objects", test_user_objects);
    g_test_add_func("/qom/help", test_help);
    result = g_test_run();
    g_string_free(events, TRUE);
    return result;
}
