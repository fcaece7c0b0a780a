/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The op table of TinyCode: one line per operation, from which the enum, the printer, the verifier and the coverage
 * checks of interpreter and backends derive. Included with OP() defined; no include guard on purpose.
 *
 * OP(NAME, "printed name", result, "operands", effects)
 *   result:   NONE, TYPE (the instruction's `type`), I64, I32, FLAGS, F32, F64 or AUX (type in aux, see the op)
 *   operands: one letter each: t = the instruction's type, i = i64, w = i32, f = flags, x = type in aux, s = f32, d = f64, v = v128,
 *             n = integer type named by `sub` (TcgType)
 *   effects:  0 or TCG_EFF_* bits or'ed
 *
 * Integer arithmetic wraps. Shift and rotate counts are taken modulo the width of the type. Division never traps:
 * x/0 is all ones (unsigned and signed), x%0 is x, INT_MIN/-1 is INT_MIN, INT_MIN%-1 is 0 (the RISC-V rule; a guest
 * with another rule tests first). `cond` is insn->cond, a TcgCond.
 */

/* Values and guest state */
OP(NOP, "nop", NONE, "", 0)
OP(CONST, "const", TYPE, "", 0)                /* imm: the bits, zero-extended */
OP(COPY, "copy", TYPE, "t", 0)                 /* only between passes */
OP(PHI, "phi", TYPE, "", 0)                    /* first in its block; operands in region->phi_args, one per predecessor */
OP(GET, "get", TYPE, "", TCG_EFF_READ_STATE)   /* aux: slot; loads it from the CPU state */
OP(PUT, "put", NONE, "t", TCG_EFF_WRITE_STATE) /* aux: slot; before promotion: abstract; afterwards: a real store now */
OP(PUTF, "putf", NONE, "nnn", TCG_EFF_WRITE_STATE) /* promoted: the slot aux becomes FLAGS of cond (TcgFlagsKind), operands, sub and imm, without a value in between */
OP(INSN, "insn", NONE, "", 0)                  /* a guest instruction starts; imm: pc, aux: bytes. Nothing is emitted */

/* Integers: type i32 or i64 */
OP(ADD, "add", TYPE, "tt", 0)
OP(SUB, "sub", TYPE, "tt", 0)
OP(MUL, "mul", TYPE, "tt", 0)
OP(MULHU, "mulhu", TYPE, "tt", 0)
OP(MULHS, "mulhs", TYPE, "tt", 0)
OP(MULHSU, "mulhsu", TYPE, "tt", 0)            /* signed a, unsigned b */
OP(DIVS, "divs", TYPE, "tt", 0)
OP(DIVU, "divu", TYPE, "tt", 0)
OP(REMS, "rems", TYPE, "tt", 0)
OP(REMU, "remu", TYPE, "tt", 0)
OP(NEG, "neg", TYPE, "t", 0)
OP(NOT, "not", TYPE, "t", 0)
OP(AND, "and", TYPE, "tt", 0)
OP(OR, "or", TYPE, "tt", 0)
OP(XOR, "xor", TYPE, "tt", 0)
OP(ANDN, "andn", TYPE, "tt", 0)                /* a & ~b */
OP(SHL, "shl", TYPE, "tt", 0)
OP(SHR, "shr", TYPE, "tt", 0)
OP(SAR, "sar", TYPE, "tt", 0)
OP(ROL, "rol", TYPE, "tt", 0)
OP(ROR, "ror", TYPE, "tt", 0)
OP(CLZ, "clz", TYPE, "t", 0)                   /* of 0: the width */
OP(CTZ, "ctz", TYPE, "t", 0)                   /* of 0: the width */
OP(POPCNT, "popcnt", TYPE, "t", 0)
OP(BSWAP, "bswap", TYPE, "t", 0)
OP(SEXT, "sext", TYPE, "t", 0)                 /* imm: 8, 16 or 32 low bits kept, sign-extended within the type */
OP(ZEXT, "zext", TYPE, "t", 0)                 /* imm: 8, 16 or 32 */
OP(EXTS, "exts", I64, "w", 0)                  /* i32 to i64, sign-extended; type is i64 */
OP(EXTU, "extu", I64, "w", 0)                  /* i32 to i64, zero-extended */
OP(TRUNC, "trunc", I32, "i", 0)                /* low half of an i64; type is i32 */
OP(EXTRACT, "extract", TYPE, "t", 0)           /* imm: pos | len << 8; zero-extended */
OP(DEPOSIT, "deposit", TYPE, "tt", 0)          /* a with bits [pos, pos+len) replaced by b's low bits; imm as EXTRACT */
OP(SETCOND, "setcond", I64, "xx", 0)           /* 0 or 1; operands of type aux, compared by cond; type is i64 */
OP(SELECT, "select", TYPE, "xxtt", 0)          /* cond(a, b) ? c : d; compared type in aux */
OP(MAKE128, "make128", TYPE, "ii", 0)          /* type i128: low, high */
OP(LO128, "lo128", I64, "x", 0)                /* aux: i128 */
OP(HI128, "hi128", I64, "x", 0)

/* Flags as values: see TcgFlagsKind; aux: kind | type << 8 */
OP(FLAGS, "flags", FLAGS, "nnn", 0)            /* flags that `kind` of a, b (c: carry in, for adc/sbb/inc/dec; unused ones TCG_NONE) produces; sub: type; imm: see TcgLazyFlags.type */
OP(FLAGTEST, "flagtest", I64, "f", 0)          /* 0 or 1: TcgFlagCond in cond */
OP(FLAGPACK, "flagpack", I64, "f", 0)          /* aux 0: x86 EFLAGS status bits at their places; 1: Arm NZCV in bits 31..28; imm, where not 0: only these bits are of interest, others may be anything */
OP(FLAGUNPACK, "flagunpack", FLAGS, "i", 0)    /* the other way round; aux as FLAGPACK */

/* Floating point: type f32 or f64; aux: TcgFp. Exceptions accumulate in the host's sticky flags. */
OP(FADD, "fadd", TYPE, "tt", TCG_EFF_FP)
OP(FSUB, "fsub", TYPE, "tt", TCG_EFF_FP)
OP(FMUL, "fmul", TYPE, "tt", TCG_EFF_FP)
OP(FDIV, "fdiv", TYPE, "tt", TCG_EFF_FP)
OP(FSQRT, "fsqrt", TYPE, "t", TCG_EFF_FP)
OP(FMA, "fma", TYPE, "ttt", TCG_EFF_FP)        /* a*b+c fused; imm bit 0: negate the product, bit 1: negate c */
OP(FMIN, "fmin", TYPE, "tt", TCG_EFF_FP)       /* IEEE 754-2019 minimumNumber; -0 < +0 (RISC-V 2.2 rule) */
OP(FMAX, "fmax", TYPE, "tt", TCG_EFF_FP)
OP(FCMP, "fcmp", I64, "xx", TCG_EFF_FP)        /* 0 or 1; cond: TCG_COND_EQ/LT/LE; imm 1: signalling; operands of type aux&0xff */
OP(FTOF, "ftof", TYPE, "x", TCG_EFF_FP)        /* f32 <-> f64; aux&0xff: source type; aux>>8: TcgFp */
OP(FTOI, "ftoi", TYPE, "x", TCG_EFF_FP)        /* saturating, NaN to the largest (RISC-V); aux&0xff: source; aux>>8: TcgFp; imm 1: unsigned */
OP(ITOF, "itof", TYPE, "n", TCG_EFF_FP)        /* integer to float; sub: integer type; imm 1: unsigned */
OP(FCLASS, "fclass", I64, "x", 0)              /* RISC-V fclass bits; aux: operand type */
OP(BITCAST, "bitcast", TYPE, "x", 0)           /* same bits, other type of the same width; aux: source type */
OP(BOX32, "box32", I64, "s", 0)                /* f32 to i64 with the upper half all ones */
OP(UNBOX32, "unbox32", F32, "i", 0)            /* i64 to f32; the canonical NaN where the upper half is not all ones */

/* Vectors: type v64, v128, v256; aux: log2 of the lane's bytes */
OP(VDUP, "vdup", TYPE, "i", 0)
OP(VADD, "vadd", TYPE, "tt", 0)
OP(VSUB, "vsub", TYPE, "tt", 0)
OP(VMUL, "vmul", TYPE, "tt", 0)
OP(VAND, "vand", TYPE, "tt", 0)
OP(VOR, "vor", TYPE, "tt", 0)
OP(VXOR, "vxor", TYPE, "tt", 0)
OP(VANDN, "vandn", TYPE, "tt", 0)              /* a & ~b */
OP(VSHLI, "vshli", TYPE, "t", 0)               /* imm: count, below the lane's bits */
OP(VSHRI, "vshri", TYPE, "t", 0)
OP(VSARI, "vsari", TYPE, "t", 0)
OP(VCMPEQ, "vcmpeq", TYPE, "tt", 0)
OP(VCMPGT, "vcmpgt", TYPE, "tt", 0)            /* signed */
OP(VMINS, "vmins", TYPE, "tt", 0)
OP(VMAXS, "vmaxs", TYPE, "tt", 0)
OP(VMINU, "vminu", TYPE, "tt", 0)
OP(VMAXU, "vmaxu", TYPE, "tt", 0)
OP(VEXTRACT, "vextract", I64, "v", 0)          /* imm: lane; zero-extended */
OP(VINSERT, "vinsert", TYPE, "ti", 0)          /* imm: lane */
OP(VFADD, "vfadd", TYPE, "tt", TCG_EFF_FP)     /* lanes of 4 or 8 bytes; current rounding mode, x86 NaN rule */
OP(VFSUB, "vfsub", TYPE, "tt", TCG_EFF_FP)
OP(VFMUL, "vfmul", TYPE, "tt", TCG_EFF_FP)
OP(VFDIV, "vfdiv", TYPE, "tt", TCG_EFF_FP)
OP(HOSTVEC, "hostvec", TYPE, "tt", TCG_EFF_FP) /* x86 instructions, hostvec.h; type v128. aux: TcgHostVec, imm: immediate; one operand: twice */
OP(HOSTVECI, "hostveci", TYPE, "tt", 0)        /* the same for those that do not touch MXCSR */
OP(HOSTVEC3, "hostvec3", TYPE, "ttt", TCG_EFF_FP)
OP(HOSTVECG, "hostvecg", I64, "vv", TCG_EFF_FP)  /* general register or flags as result; type is i64 */
OP(HOSTVECX, "hostvecx", TYPE, "ti", TCG_EFF_FP) /* general register as second operand */

/*
 * Guest memory; aux: TcgMem; imm: displacement (signed) added to operand a. A v128 may have a memory size of 4 or 8 bytes: the rest
 * is loaded as 0, is not stored.
 */
OP(LD, "ld", TYPE, "i", TCG_EFF_MEM_READ | TCG_EFF_FAULT)
OP(ST, "st", NONE, "it", TCG_EFF_MEM_WRITE | TCG_EFF_FAULT)
OP(ATOMIC, "atomic", TYPE, "it", TCG_EFF_MEM_READ | TCG_EFF_MEM_WRITE | TCG_EFF_FAULT)   /* old value; sub: TcgRmw */
OP(CMPXCHG, "cmpxchg", TYPE, "itt", TCG_EFF_MEM_READ | TCG_EFF_MEM_WRITE | TCG_EFF_FAULT)/* addr, expected, new; old value */
OP(LDX, "ldx", TYPE, "i", TCG_EFF_MEM_READ | TCG_EFF_FAULT | TCG_EFF_EXCL)               /* load-exclusive: sets the reservation */
OP(STX, "stx", I64, "it", TCG_EFF_MEM_READ | TCG_EFF_MEM_WRITE | TCG_EFF_FAULT | TCG_EFF_EXCL) /* 0: stored, 1: not; clears it; `sub`: value type */
OP(FENCE, "fence", NONE, "", TCG_EFF_MEM_READ | TCG_EFF_MEM_WRITE)                       /* imm: TcgFence bits */

/* Helpers; aux: index into region->helpers */
OP(CALL, "call", TYPE, "", TCG_EFF_CALL)       /* operand types by the helper's declaration; type is void where it returns nothing */

/* Control flow. Blocks end in exactly one of BR, EXIT, or fall through to the next block (after any BRCOND). */
OP(BR, "br", NONE, "", TCG_EFF_TERM)           /* aux: block */
OP(BRCOND, "brcond", NONE, "tt", TCG_EFF_ENDBLOCK) /* aux: block if cond(a, b); else falls into the next block */
OP(BRFLAGS, "brflags", NONE, "f", TCG_EFF_ENDBLOCK)/* aux: block if the TcgFlagCond in cond holds */
OP(EXIT_IF, "exit_if", NONE, "tt", TCG_EFF_EXIT)   /* aux: exit, taken if cond(a, b) */
OP(EXIT_FLAGS, "exit_flags", NONE, "f", TCG_EFF_EXIT)
OP(POLL, "poll", NONE, "", TCG_EFF_EXIT)       /* aux: exit, taken if the CPU's exit_request is not 0 */
OP(EXIT, "exit", NONE, "", TCG_EFF_EXIT | TCG_EFF_TERM) /* aux: exit; operand a: the target of an indirect one */
