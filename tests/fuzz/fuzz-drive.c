/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the option strings of disks. The first byte chooses -drive ('d') or -blockdev; '@' in the rest stands for the name of a small disk
 * image. Paths are taken apart so that nothing else is opened. What is accepted is read from and listed; what is refused has a message.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "block/block.h"
#include "block/driver.h"
#include "fuzz.h"
#include "util/option.h"

const FuzzSeed fuzz_seeds[] = {
    FUZZ_SEED("dfile=@,format=raw,if=none,id=x,cache=none,aio=threads,discard=unmap,readonly=on,media=cdrom,index=3"),
    FUZZ_SEED("dfile=@,if=virtio,format=raw,offset=512,size=1k,cache=writethrough,werror=report,serial=abc,snapshot=off"),
    FUZZ_SEED("dfile=@"),
    FUZZ_SEED("dfile=@,format=qcow2,file.driver=file,detect-zeroes=off,copy-on-read=off,bootindex=1"),
    FUZZ_SEED("d{'file':'@','format':'raw','cache':{'direct':true,'no-flush':false}}"),
    FUZZ_SEED("bdriver=raw,node-name=n,file.driver=file,file.filename=@,read-only=on,offset=0"),
    FUZZ_SEED("bdriver=fault,node-name=n,fail=read,nth=2,errno=ENOSPC,once=on,torn=512,file.driver=raw,file.file.driver=file,file.file.filename=@"),
    FUZZ_SEED("b{'driver':'raw','node-name':'n','size':512,'file':{'driver':'file','filename':'@','aio':'io_uring','locking':'off'}}"),
    FUZZ_SEED("bdriver=raw,node-name=m,file=n"),
    FUZZ_SEEDS_END,
};

static char image[64];

static void remove_image(void)
{
    g_unlink(image);
}

static void make_image(void)
{
    static const char zeros[8192];
    if (!image[0]) {
        g_snprintf(image, sizeof(image), "/tmp/mimic-fuzz-drive-%d", (int)getpid());
        g_file_set_contents(image, zeros, sizeof(zeros), NULL);
        atexit(remove_image);
    }
}

/* A copy without paths of its own and with the image's name. */
static char *make_text(const uint8_t *data, size_t size)
{
    GString *s = g_string_new(NULL);
    for (size_t i = 0; i < size && data[i]; i++) {
        switch (data[i]) {
        case '@': g_string_append(s, image); break;
        case '/': g_string_append_c(s, '_'); break;
        default: g_string_append_c(s, (char)data[i]); break;
        }
    }
    return g_string_free(s, FALSE);
}

static void swallow(const char *line, void *opaque)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_image();
    error_set_sink(swallow, NULL);
    g_autofree char *text = make_text(data + (size > 0), size - (size > 0));
    g_autoptr(Error) err = NULL;
    g_autoptr(OptionSet) opts = option_set_parse(text, NULL, &err);
    EventLoop *loop = event_loop_new(NULL);
    BlockGraph *graph = block_graph_new(loop);
    BlockBackend *blk = NULL;
    int answer = 0;
    if (opts && data[0] == 'd') {
        blk = blk_new_from_drive(graph, opts, &err);
        if (blk && blk_find(graph, blk_name(blk), NULL) != blk) {
            abort();
        }
    } else if (opts && block_node_create(graph, opts, &err)) {
        blk = blk_find(graph, option_get(opts, "node-name"), NULL);
        if (!blk) {
            abort();
        }
    }
    if (!blk == !err) {
        abort();
    }
    if (blk) {
        uint8_t buf[512];
        int64_t len = blk_length(blk);
        answer = 1 + (len >= 512) * 2;
        answer += len >= 512 && blk_pread(blk, len - 512, buf, 512) == 0 ? 4 : 0;
        g_autofree char *out = NULL;
        size_t out_len;
        FILE *f = open_memstream(&out, &out_len);
        block_print_info(graph, f);
        fclose(f);
        free(g_steal_pointer(&out));
    }
    block_graph_free(graph);
    event_loop_free(loop);
    error_set_sink(NULL, NULL);
    return fuzz_answer(answer, err ? error_message(err) : NULL);
}
