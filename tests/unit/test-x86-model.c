/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU models of x86: names, feature texts, filtering, CPUID leaves, reset state. No machine and no translation.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/x86.h"
#include "../../target/x86/features.h"

static X86Cpu *make(const char *target, const char *model, Error **errp)
{
    CpuState *cpu = x86_cpu_new(target_find(target), model, errp);
    if (!cpu) {
        return NULL;
    }
    x86_cpu_set_apic_id(cpu, 1); /* only the bootstrap processor warns */
    if (!object_realize(OBJECT(cpu), errp)) {
        object_unref(OBJECT(cpu));
        return NULL;
    }
    return x86_cpu(cpu);
}

static X86Cpu *good(const char *model)
{
    Error *err = NULL;
    X86Cpu *x = make("x86_64", model, &err);
    if (!x) {
        g_error("%s: %s", model, error_message(err));
    }
    return x;
}

static void bad(const char *model, const char *message, const char *hint)
{
    Error *err = NULL;
    X86Cpu *x = make("x86_64", model, &err);
    g_assert_null(x);
    g_assert_nonnull(strstr(error_message(err), message));
    if (hint) {
        g_assert_nonnull(error_hint(err));
        g_assert_nonnull(strstr(error_hint(err), hint));
    }
    error_free(err);
}

static void drop(X86Cpu *x) { object_unref(OBJECT(x)); }

static void test_defaults(void)
{
    X86Cpu *x = good(NULL);
    uint32_t r[4];
    x86_cpuid(x, 0, 0, r);
    g_assert_cmphex(r[0], ==, 0xd);
    g_assert_cmpmem(&r[1], 4, "Auth", 4);
    g_assert_cmpmem(&r[3], 4, "enti", 4);
    g_assert_cmpmem(&r[2], 4, "cAMD", 4);
    x86_cpuid(x, 1, 0, r);
    g_assert_cmphex(r[0], ==, 0x00060fb1); /* family 15, model 107, stepping 1 */
    g_assert_cmphex(r[2], ==, 1u << 31 | 1 << 13 | 1);
    x86_cpuid(x, 0x80000001, 0, r);
    g_assert_true(r[3] >> 29 & 1); /* long mode */
    g_assert_true(r[3] & 1);       /* AMD repeats leaf 1 */
    x86_cpuid(x, 0x80000008, 0, r);
    g_assert_cmphex(r[0], ==, 0x3028);
    x86_cpuid(x, 0x40000000, 0, r);
    g_assert_cmpmem(&r[1], 12, "TCGTCGTCGTCG", 12);
    char brand[49] = {0};
    for (unsigned i = 0; i < 3; i++) {
        x86_cpuid(x, 0x80000002 + i, 0, r);
        memcpy(brand + 16 * i, r, 16);
    }
    g_assert_cmpstr(brand, ==, "QEMU Virtual CPU version 2.5+");
    drop(x);
}

static void test_reset(void)
{
    X86Cpu *x = good("qemu64");
    g_assert_cmphex(x->pc, ==, 0xfffffff0);
    g_assert_cmphex(x86_eip(x), ==, 0xfff0);
    g_assert_cmphex(x->gpr[X86_DX], ==, x->signature);
    g_assert_cmphex(x->cr0, ==, 0x60000010);
    g_assert_cmphex(x->dr[6], ==, 0xffff0ff0);
    g_assert_cmphex(x->dr[7], ==, 0x400);
    g_assert_cmphex(x86_get_eflags(x), ==, 2);
    g_assert_true(x->wait_sipi); /* not the bootstrap processor */
    g_assert_cmphex(x->region_flags >> 32, ==, 0xffff0000);
    g_assert_cmphex((uint32_t)x->region_flags & ~(15u << X86_RF_CONFIG_SHIFT), ==,
                    X86_RF_CSBASE | X86_RF_IOPL | X86_MODE_K << X86_RF_MODE_SHIFT);
    x86_cpu_start_flat32(&x->cpu, 0x1234);
    g_assert_cmphex(x->region_flags & (X86_RF_FLAT | X86_RF_CS32 | X86_RF_SS32 | X86_RF_PE | X86_RF_CSBASE | X86_RF_LMA), ==,
                    X86_RF_FLAT | X86_RF_CS32 | X86_RF_SS32 | X86_RF_PE);
    x86_cpu_start_long(&x->cpu, 0xffff800000001234, 0x1000);
    g_assert_cmphex(x->region_flags & (X86_RF_FLAT | X86_RF_CS64 | X86_RF_CS32 | X86_RF_SS32 | X86_RF_LMA | X86_RF_CSBASE), ==,
                    X86_RF_FLAT | X86_RF_CS64 | X86_RF_LMA);
    drop(x);
}

static void test_texts(void)
{
    X86Cpu *x = good("qemu64,+avx2,sse4_1=on,sse4.2,+pclmuldq,xsavec=on,lahf_lm=off,+xsave,avx,-nx");
    g_assert_true(x86_has(x, X86_FEAT_AVX2));
    g_assert_true(x86_has(x, X86_FEAT_SSE41));
    g_assert_true(x86_has(x, X86_FEAT_SSE42));
    g_assert_true(x86_has(x, X86_FEAT_PCLMUL));
    g_assert_true(x86_has(x, X86_FEAT_XSAVEC));
    g_assert_false(x86_has(x, X86_FEAT_LAHF));
    g_assert_false(x86_has(x, X86_FEAT_NX));
    drop(x);
    x = good("Haswell,check=off,vendor=AuthenticAMD,family=6,model=1,stepping=9,model-id=test,phys-bits=46");
    uint32_t r[4];
    x86_cpuid(x, 1, 0, r);
    g_assert_cmphex(r[0], ==, 0x619);
    x86_cpuid(x, 0x80000008, 0, r);
    g_assert_cmphex(r[0] & 0xff, ==, 46);
    g_assert_false(x86_has(x, X86_F(7_EBX, 11))); /* rtm: dropped */
    drop(x);
    x = good("qemu64,+avx"); /* no XSAVE: no AVX */
    g_assert_false(x86_has(x, X86_FEAT_AVX));
    drop(x);
    drop(good("max,hv_time=off,vmx-ept=off,kvm=off,pmu=off,-npt"));
    bad("Haswel", "Haswel", "Haswell");
    bad("qemu64,+avx3", "avx3", "avx");
    bad("qemu64,avx2=maybe", "maybe", NULL);
    bad("qemu64,family=x", "x", NULL);
    bad("qemu64,vendor=short", "12 characters", NULL);
    bad("qemu64,phys-bits=12", "32 and 52", NULL);
    bad("Haswell,enforce", "CPUID.07H:EBX.rtm [bit 11]", "enforce");
    bad("host", "requires KVM", "max");
}

/* Every model starts on both targets; "max" and the defaults miss nothing. */
static void test_all_models(void)
{
    static const char *const complete[] = {"max", "qemu64", "qemu32", "kvm64", "Nehalem", "Westmere", "SandyBridge", "IvyBridge",
                                           "Haswell-noTSX", "486", "pentium3", "base"};
    static const char *const targets[] = {"x86_64", "i386"};
    for (unsigned t = 0; t < 2; t++) {
        const TargetRecord *target = target_find(targets[t]);
        g_autofree const TypeRecord **all = type_list(target->cpu_base, false);
        unsigned n = 0;
        for (; all[n]; n++) {
            if (g_str_has_prefix(all[n]->name, "host-")) {
                continue;
            }
            /* a process of its own: decode configurations are few */
            pid_t pid = fork();
            if (pid == 0) {
                X86Cpu *x = make(targets[t], all[n]->name, NULL);
                _exit(!x || (x86_has(x, X86_FEAT_LM) && t == 1));
            }
            int status = -1;
            waitpid(pid, &status, 0);
            g_assert_cmpint(status, ==, 0);
        }
        g_assert_cmpuint(n, >, 25);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(complete); i++) {
        g_autofree char *text = g_strconcat(complete[i], ",enforce", NULL);
        pid_t pid = fork();
        if (pid == 0) {
            good(text);
            _exit(0);
        }
        int status = -1;
        waitpid(pid, &status, 0);
        g_assert_cmpint(status, ==, 0);
    }
}

static void test_topology(void)
{
    CpuState *cpu = x86_cpu_new(target_find("x86_64"), "Skylake-Client,check=off", NULL);
    X86Cpu *x = x86_cpu(cpu);
    uint32_t r[4];
    x86_cpu_set_apic_id(cpu, 6);
    x86_cpu_set_topology(cpu, 1, 4, 2);
    g_assert_true(object_realize(OBJECT(cpu), NULL));
    x86_cpuid(x, 1, 0, r);
    g_assert_cmphex(r[1], ==, 6u << 24 | 8 << 16 | 8 << 8);
    g_assert_true(r[3] >> 28 & 1);
    x86_cpuid(x, 0xb, 0, r);
    g_assert_cmpuint(r[0], ==, 1);
    g_assert_cmpuint(r[1], ==, 2);
    g_assert_cmphex(r[2], ==, 0x100);
    g_assert_cmpuint(r[3], ==, 6);
    x86_cpuid(x, 0xb, 1, r);
    g_assert_cmpuint(r[0], ==, 3);
    g_assert_cmpuint(r[1], ==, 8);
    x86_cpuid(x, 0xb, 2, r);
    g_assert_cmpuint(r[0] | r[1], ==, 0);
    x86_cpuid(x, 4, 3, r);
    g_assert_cmphex(r[0] & 0xff, ==, 0x63);
    g_assert_cmpuint((r[0] >> 14 & 0xfff) + 1, ==, 8);
    x86_cpuid(x, 0xd, 0, r);
    g_assert_cmphex(r[0], ==, 7);
    g_assert_cmpuint(r[1], ==, 576);
    g_assert_cmpuint(r[2], ==, 832);
    drop(x);
}

static void test_names(void)
{
    for (unsigned i = 0; i < X86_FEATURE_COUNT; i++) {
        g_assert_cmpint(x86_feature_find(x86_feature_names[i].name), ==, (int)i);
        for (unsigned k = 0; k < i; k++) {
            g_assert_cmphex(x86_feature_names[i].feature, !=, x86_feature_names[k].feature);
        }
    }
    g_assert_cmpint(x86_feature_find("no-such"), ==, -1);
}

static void test_msrs(void)
{
    X86Cpu *x = good("max");
    uint64_t v;
    g_assert_true(x86_wrmsr(x, 0xc0000082, 0xffff800000000000));
    g_assert_true(x86_rdmsr(x, 0xc0000082, &v));
    g_assert_cmphex(v, ==, 0xffff800000000000);
    g_assert_false(x86_wrmsr(x, 0xc0000082, 0x8000000000000000)); /* not canonical */
    g_assert_false(x86_wrmsr(x, 0x277, 2));                        /* memory type 2 */
    g_assert_true(x86_wrmsr(x, 0x277, 0x0007010600070106));
    g_assert_false(x86_wrmsr(x, 0xc0000080, 1ull << 40));
    g_assert_true(x86_wrmsr(x, 0xc0000080, EFER_SCE | EFER_LME | EFER_NXE));
    g_assert_true(x86_rdmsr(x, 0xc0000080, &v));
    g_assert_cmphex(v, ==, EFER_SCE | EFER_LME | EFER_NXE);
    g_assert_false(x86_rdmsr(x, 0x12345, &v));
    g_assert_true(x86_wrmsr(x, 0x10, 1000));
    g_assert_true(x86_rdmsr(x, 0x10, &v));
    g_assert_cmpuint(v, ==, 1000); /* no machine: its clock stands still */
    g_assert_true(x86_rdmsr(x, 0x3b, &v));
    g_assert_cmpuint(v, ==, 1000);
    g_assert_true(x86_wrmsr(x, 0x3b, 0));
    g_assert_true(x86_rdmsr(x, 0x10, &v));
    g_assert_cmpuint(v, ==, 0);
    g_assert_true(x86_wrmsr(x, 0x200, 0x80000006));
    g_assert_false(x86_wrmsr(x, 0x200, 0x80000002));
    g_assert_false(x86_wrmsr(x, 0xfe, 0));
    g_assert_false(x86_rdmsr(x, 0x1b, &v)); /* made without an APIC */
    g_assert_false(x86_rdmsr(x, 0x48, &v));
    /* every index answers and leaves the state whole */
    for (uint32_t i = 0; i < 0x2000; i++) {
        x86_rdmsr(x, i, &v);
        x86_rdmsr(x, 0xc0000000 + i, &v);
        x86_rdmsr(x, 0xc0010000 + i, &v);
    }
    drop(x);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86/model/defaults", test_defaults);
    g_test_add_func("/x86/model/reset", test_reset);
    g_test_add_func("/x86/model/texts", test_texts);
    g_test_add_func("/x86/model/all", test_all_models);
    g_test_add_func("/x86/model/topology", test_topology);
    g_test_add_func("/x86/model/names", test_names);
    g_test_add_func("/x86/model/msrs", test_msrs);
    return g_test_run();
}
