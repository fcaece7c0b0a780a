/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option ROM that starts a kernel under SeaBIOS, and the fw_cfg items it fetches.
 *
 * SeaBIOS finds "genroms/linuxboot_dma.bin" in fw_cfg, copies it below 1 MiB, and boots it through the bootstrap entry vector of its
 * PnP header (Plug and Play BIOS 1.0A, section 3.2). The code takes a list of fw_cfg DMA commands, which are put into the ROM here, ready
 * but for being copied to the stack, where the device can write its answer; so images reach any address from real mode. Then it
 * jumps into Linux' real-mode code, or loads a flat GDT and enters 32-bit code with registers as given.
 *
 * Layout: 000 header, 020 PnP header, 040 code, 120 GDT, 140 number of commands (16 bits), 142 how to enter (0 real mode, 1 flat), 144 EAX, EBX,
 * ESI, entry; 160 commands of 16 bytes.
 */
#include <string.h>

#include "boot.h"
#include "pc.h"
#include "util/bytes.h"

enum {
    ROM_BYTES = 4096, ROM_PNP = 0x20, ROM_CODE = 0x40, ROM_GDT = 0x120, ROM_COUNT = 0x140, ROM_MODE = 0x142, ROM_REGS = 0x144, ROM_COMMANDS = 0x160,
    COMMANDS_MAX = (ROM_BYTES - ROM_COMMANDS) / 16, DMA_READ = 2, DMA_SELECT = 8,
};
#define ROM_NAME "genroms/linuxboot_dma.bin"

static const uint8_t code[] = {
    0xfa,                                      /* 040  cli */
    0xfc,                                      /* 041  cld */
    0x8c, 0xc8,                                /* 042  mov ax,cs */
    0x8e, 0xd8,                                /* 044  mov ds,ax */
    0x66, 0x31, 0xc0,                          /* 046  xor eax,eax */
    0x8e, 0xd0,                                /* 049  mov ss,ax */
    0x66, 0xbc, 0x00, 0x7c, 0x00, 0x00,        /* 04b  mov esp,0x7c00 */
    0xbe, 0x60, 0x01,                          /* 051  mov si,0x160 */
    0x8b, 0x0e, 0x40, 0x01,                    /* 054  mov cx,word 0x140 */
    0x66, 0xff, 0x74, 0x0c,                    /* 058  push dword [si+0xc] */
    0x66, 0xff, 0x74, 0x08,                    /* 05c  push dword [si+0x8] */
    0x66, 0xff, 0x74, 0x04,                    /* 060  push dword [si+0x4] */
    0x66, 0xff, 0x34,                          /* 064  push dword [si] */
    0x66, 0x31, 0xc0,                          /* 067  xor eax,eax */
    0xba, 0x14, 0x05,                          /* 06a  mov dx,0x514 */
    0x66, 0xef,                                /* 06d  out dx,eax */
    0x66, 0x89, 0xe0,                          /* 06f  mov eax,esp */
    0x66, 0x0f, 0xc8,                          /* 072  bswap eax */
    0xba, 0x18, 0x05,                          /* 075  mov dx,0x518 */
    0x66, 0xef,                                /* 078  out dx,eax */
    0x66, 0x58,                                /* 07a  pop eax */
    0x83, 0xc4, 0x0c,                          /* 07c  add sp,0xc */
    0x66, 0x85, 0xc0,                          /* 07f  test eax,eax */
    0x75, 0x24,                                /* 082  jne a8 <fail> */
    0x83, 0xc6, 0x10,                          /* 084  add si,0x10 */
    0xe2, 0xcf,                                /* 087  loop 58 <next> */
    0x80, 0x3e, 0x42, 0x01, 0x00,              /* 089  cmp byte 0x142,0x0 */
    0x75, 0x1a,                                /* 08e  jne aa <pm> */
    0xb8, 0x00, 0x10,                          /* 090  mov ax,0x1000 */
    0x8e, 0xd8,                                /* 093  mov ds,ax */
    0x8e, 0xc0,                                /* 095  mov es,ax */
    0x8e, 0xe0,                                /* 097  mov fs,ax */
    0x8e, 0xe8,                                /* 099  mov gs,ax */
    0x8e, 0xd0,                                /* 09b  mov ss,ax */
    0x66, 0xbc, 0xf0, 0xff, 0x00, 0x00,        /* 09d  mov esp,0xfff0 */
    0xea, 0x00, 0x00, 0x20, 0x10,              /* 0a3  jmp 0x1020:0x0 */
    0xcd, 0x18,                                /* 0a8  int 0x18 */
    0x66, 0x31, 0xc0,                          /* 0aa  xor eax,eax */
    0x8c, 0xc8,                                /* 0ad  mov ax,cs */
    0x66, 0xc1, 0xe0, 0x04,                    /* 0af  shl eax,0x4 */
    0x66, 0x05, 0x20, 0x01, 0x00, 0x00,        /* 0b3  add eax,0x120 */
    0x66, 0x50,                                /* 0b9  push eax */
    0x6a, 0x17,                                /* 0bb  push 0x17 */
    0x89, 0xe5,                                /* 0bd  mov bp,sp */
    0x66, 0x0f, 0x01, 0x56, 0x00,              /* 0bf  lgdtd [bp+0x0] */
    0x66, 0x8b, 0x1e, 0x48, 0x01,              /* 0c4  mov ebx,dword 0x148 */
    0x66, 0x8b, 0x36, 0x4c, 0x01,              /* 0c9  mov esi,dword 0x14c */
    0x66, 0x8b, 0x0e, 0x44, 0x01,              /* 0ce  mov ecx,dword 0x144 */
    0x66, 0x6a, 0x08,                          /* 0d3  pushd 0x8 */
    0x66, 0xff, 0x36, 0x50, 0x01,              /* 0d6  push dword 0x150 */
    0x0f, 0x20, 0xc0,                          /* 0db  mov eax,cr0 */
    0x0c, 0x01,                                /* 0de  or al,0x1 */
    0x0f, 0x22, 0xc0,                          /* 0e0  mov cr0,eax */
    0xba, 0x10, 0x00,                          /* 0e3  mov dx,0x10 */
    0x8e, 0xda,                                /* 0e6  mov ds,dx */
    0x8e, 0xc2,                                /* 0e8  mov es,dx */
    0x8e, 0xe2,                                /* 0ea  mov fs,dx */
    0x8e, 0xea,                                /* 0ec  mov gs,dx */
    0x8e, 0xd2,                                /* 0ee  mov ss,dx */
    0x66, 0x89, 0xc8,                          /* 0f0  mov eax,ecx */
    0x66, 0x31, 0xc9,                          /* 0f3  xor ecx,ecx */
    0x66, 0x31, 0xed,                          /* 0f6  xor ebp,ebp */
    0x66, 0x31, 0xff,                          /* 0f9  xor edi,edi */
    0x66, 0xcb,                                /* 0fc  retfd */
};

/* Null, code, data: base 0, limit 4 GiB, 32 bits. */
static const uint64_t gdt[] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff};

typedef struct Rom {
    uint8_t bytes[ROM_BYTES];
    unsigned commands;
} Rom;

/* One DMA read; @key 0: goes on in the item of the command before. */
static void add_command(Rom *rom, uint16_t key, uint64_t len, uint64_t addr)
{
    uint8_t *p = rom->bytes + ROM_COMMANDS + 16 * rom->commands++;
    st_be32(p, key ? (uint32_t)key << 16 | DMA_SELECT | DMA_READ : DMA_READ);
    st_be32(p + 4, (uint32_t)len);
    st_be64(p + 8, addr);
}

static void set_checksum(uint8_t *bytes, size_t len, size_t at)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[at] = (uint8_t)(bytes[at] - sum);
}

static void finish_rom(Rom *rom, const PcBoot *boot)
{
    static const uint8_t head[] = {0x55, 0xaa, ROM_BYTES / 512, 0xb8, 0x20, 0x00, 0xcb}; /* initialisation: mov ax, 0x20; retf */
    static const uint8_t name[] = "Linux";
    uint8_t *b = rom->bytes, *pnp = b + ROM_PNP;
    memcpy(b, head, sizeof(head));
    memcpy(b + 0x10, name, sizeof(name));
    st_le16(b + 0x1a, ROM_PNP);
    memcpy(pnp, "$PnP", 4);
    pnp[4] = 1;
    pnp[5] = 2;                       /* length: 32 bytes */
    st_le16(pnp + 14, 0x10);          /* names */
    st_le16(pnp + 16, 0x10);
    st_le16(pnp + 26, ROM_CODE);
    set_checksum(pnp, 32, 9);
    memcpy(b + ROM_CODE, code, sizeof(code));
    for (unsigned i = 0; i < G_N_ELEMENTS(gdt); i++) {
        st_le64(b + ROM_GDT + 8 * i, gdt[i]);
    }
    st_le16(b + ROM_COUNT, (uint16_t)rom->commands);
    b[ROM_MODE] = boot->kind != PC_BOOT_LINUX;
    st_le32(b + ROM_REGS, boot->eax);
    st_le32(b + ROM_REGS + 4, boot->ebx);
    st_le32(b + ROM_REGS + 8, boot->esi);
    st_le32(b + ROM_REGS + 12, boot->entry);
    set_checksum(b, ROM_BYTES, 7);
}

static GByteArray *image_at(const PcBoot *boot, uint64_t addr)
{
    for (unsigned i = 0; i < boot->image_count; i++) {
        if (boot->images[i].addr == addr) {
            return boot->images[i].bytes;
        }
    }
    return NULL;
}

/* The keys that loaders of the reference and OVMF know as well. */
static void publish_linux(FwCfg *fw, const PcBoot *boot, Rom *rom)
{
    const struct {
        uint16_t addr_key, size_key, data_key;
        const GByteArray *bytes;
        uint32_t addr;
    } parts[] = {
        {FW_CFG_SETUP_ADDR, FW_CFG_SETUP_SIZE, FW_CFG_SETUP_DATA, boot->setup, BOOT_ZERO_PAGE},
        {FW_CFG_CMDLINE_ADDR, FW_CFG_CMDLINE_SIZE, FW_CFG_CMDLINE_DATA, image_at(boot, boot->cmdline_addr), boot->cmdline_addr},
        {FW_CFG_KERNEL_ADDR, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA, image_at(boot, boot->kernel_addr), boot->kernel_addr},
        {FW_CFG_INITRD_ADDR, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA, boot->initrd_size ? image_at(boot, boot->initrd_addr) : NULL, boot->initrd_addr},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i].bytes) {
            fw_cfg_add_u32(fw, parts[i].addr_key, parts[i].addr);
            fw_cfg_add_u32(fw, parts[i].size_key, parts[i].bytes->len);
            fw_cfg_add_bytes(fw, parts[i].data_key, parts[i].bytes->data, parts[i].bytes->len);
            add_command(rom, parts[i].data_key, parts[i].bytes->len, parts[i].addr);
        }
    }
}

/* Anything else: all images in one item, one behind the other. */
static bool publish_images(FwCfg *fw, const PcBoot *boot, Rom *rom, Error **errp)
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    for (unsigned i = 0; i < boot->image_count; i++) {
        const PcBootImage *image = &boot->images[i];
        if ((uint64_t)all->len + image->bytes->len > UINT32_MAX / 2) {
            error_setg(errp, "the kernel's parts have more than 2 GiB");
            return false;
        }
        g_byte_array_append(all, image->bytes->data, image->bytes->len);
        add_command(rom, rom->commands ? 0 : FW_CFG_KERNEL_DATA, image->bytes->len, image->addr);
    }
    fw_cfg_add_bytes(fw, FW_CFG_KERNEL_DATA, all->data, all->len);
    return true;
}

/* Our ROM comes before all other boot devices. */
static bool put_first(FwCfg *fw, Error **errp)
{
    size_t len;
    const uint8_t *old = fw_cfg_file_data(fw, "bootorder", &len);
    g_autoptr(GString) text = g_string_new("/rom@" ROM_NAME);
    if (old && len > 1) {
        g_string_append_c(text, '\n');
        g_string_append_len(text, (const char *)old, (gssize)len - 1);
    }
    return old ? fw_cfg_replace_file(fw, "bootorder", text->str, text->len + 1) : fw_cfg_add_file(fw, "bootorder", text->str, text->len + 1, errp);
}

bool pc_boot_publish(Machine *m, PcBoot *boot, Error **errp)
{
    G_STATIC_ASSERT((int)sizeof(code) <= ROM_GDT - ROM_CODE && (int)PC_BOOT_IMAGES <= (int)COMMANDS_MAX);
    FwCfg *fw = pc_board(m)->fw;
    g_autofree Rom *rom = g_new0(Rom, 1);
    if (boot->kind == PC_BOOT_LINUX) {
        publish_linux(fw, boot, rom);
    } else if (!publish_images(fw, boot, rom, errp)) {
        return false;
    }
    for (unsigned i = 0; i < boot->image_count; i++) {
        g_byte_array_set_size(boot->images[i].bytes, 0); /* fw_cfg has them */
    }
    finish_rom(rom, boot);
    return fw_cfg_add_file(fw, ROM_NAME, rom->bytes, sizeof(rom->bytes), errp) && put_first(fw, errp);
}
