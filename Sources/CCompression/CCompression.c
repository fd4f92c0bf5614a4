// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

#include "CCompression.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#if defined(__has_include)
#if __has_include(<isa-l/igzip_lib.h>)
#define III_KNOWS_ISAL 1
#endif
#endif

// One call never passes more than this, whatever size the counters of a library have.
#define III_MOST ((size_t)1 << 30)

static size_t at_most(size_t count) { return count < III_MOST ? count : III_MOST; }

#ifdef III_KNOWS_ISAL
#include <isa-l/igzip_lib.h>

// Loaded when first asked for instead of linked: a program that was built where ISA-L is also runs where it is not, and
// one that inflates nothing does not pay for it at start.
static struct {
    void (*inflate_init)(struct inflate_state *);
    int (*inflate)(struct inflate_state *);
    uint32_t (*crc32)(uint32_t, const unsigned char *, uint64_t);
    bool is_available;
} isal;

static pthread_once_t isal_once = PTHREAD_ONCE_INIT;

static void load_isal(void) {
#ifdef __APPLE__
    void *library = dlopen("libisal.2.dylib", RTLD_NOW | RTLD_LOCAL);
#else
    void *library = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
#endif
    if (library == NULL) return;
    *(void **)&isal.inflate_init = dlsym(library, "isal_inflate_init");
    *(void **)&isal.inflate = dlsym(library, "isal_inflate");
    *(void **)&isal.crc32 = dlsym(library, "crc32_gzip_refl");
    isal.is_available = isal.inflate_init != NULL && isal.inflate != NULL && isal.crc32 != NULL;
}

bool iii_isal_is_available(void) {
    pthread_once(&isal_once, load_isal);
    return isal.is_available;
}
#else
bool iii_isal_is_available(void) { return false; }
#endif

uint32_t iii_crc32(uint32_t crc, const void *bytes, size_t count) {
    if (count == 0) return crc;
#ifdef III_KNOWS_ISAL
    if (iii_isal_is_available()) return isal.crc32(crc, bytes, count);
#endif
    return (uint32_t)crc32_z(crc, bytes, count);
}

struct iii_inflate {
    bool uses_isal;
    z_stream zlib;
#ifdef III_KNOWS_ISAL
    struct inflate_state isal;
#endif
};

iii_inflate *iii_inflate_open(bool use_isal) {
    iii_inflate *stream = malloc(sizeof *stream);
    if (stream == NULL) return NULL;
    stream->uses_isal = use_isal && iii_isal_is_available();
#ifdef III_KNOWS_ISAL
    if (stream->uses_isal) {
        memset(&stream->isal, 0, sizeof stream->isal);
        isal.inflate_init(&stream->isal);
        stream->isal.crc_flag = ISAL_DEFLATE;
        return stream;
    }
#endif
    memset(&stream->zlib, 0, sizeof stream->zlib);
    if (inflateInit2(&stream->zlib, -MAX_WBITS) == Z_OK) return stream;
    free(stream);
    return NULL;
}

void iii_inflate_close(iii_inflate *stream) {
    if (stream == NULL) return;
    if (!stream->uses_isal) inflateEnd(&stream->zlib);
    free(stream);
}

#ifdef III_KNOWS_ISAL
static iii_inflate_step inflate_by_isal(
    struct inflate_state *state, const void *input, size_t input_count, void *output, size_t output_count
) {
    iii_inflate_step step = {0};
    state->next_in = (uint8_t *)input;
    state->avail_in = (uint32_t)input_count;
    state->next_out = output;
    state->avail_out = (uint32_t)output_count;
    int result = isal.inflate(state);
    step.consumed = input_count - state->avail_in;
    step.produced = output_count - state->avail_out;
    if (result != ISAL_DECOMP_OK) {
        step.status = -1;
    } else if (state->block_state == ISAL_BLOCK_FINISH) {
        step.status = 1;
        // Whole bytes that were read ahead into the bit buffer and are not part of the stream.
        uint64_t bits = state->read_in >> (state->read_in_length & 7);
        for (int length = state->read_in_length; length >= 8; length -= 8) {
            step.unused[step.unused_count++] = (uint8_t)bits;
            bits >>= 8;
        }
    }
    return step;
}
#endif

iii_inflate_step iii_inflate_run(
    iii_inflate *stream, const void *input, size_t input_count, void *output, size_t output_count
) {
    input_count = at_most(input_count);
    output_count = at_most(output_count);
#ifdef III_KNOWS_ISAL
    if (stream->uses_isal) return inflate_by_isal(&stream->isal, input, input_count, output, output_count);
#endif
    iii_inflate_step step = {0};
    stream->zlib.next_in = (Bytef *)input;
    stream->zlib.avail_in = (uInt)input_count;
    stream->zlib.next_out = output;
    stream->zlib.avail_out = (uInt)output_count;
    int result = inflate(&stream->zlib, Z_NO_FLUSH);
    step.consumed = input_count - stream->zlib.avail_in;
    step.produced = output_count - stream->zlib.avail_out;
    // No progress is no failure: there was no input, or no room.
    step.status = result == Z_STREAM_END ? 1 : result == Z_OK || result == Z_BUF_ERROR ? 0 : -1;
    return step;
}

// The part of libzstd's stable interface that is used. Loaded when first asked for: only some images need it, and a
// machine that builds this need not have it.
struct zstd_in {
    const void *bytes;
    size_t size;
    size_t position;
};
struct zstd_out {
    void *bytes;
    size_t size;
    size_t position;
};
enum { zstd_window_log_max = 100 };

static struct {
    void *(*create)(void);
    size_t (*set)(void *, int, int);
    size_t (*run)(void *, struct zstd_out *, struct zstd_in *);
    unsigned (*is_error)(size_t);
    size_t (*free)(void *);
    bool is_available;
} zstd;

static pthread_once_t zstd_once = PTHREAD_ONCE_INIT;

static void load_zstd(void) {
#ifdef __APPLE__
    void *library = dlopen("libzstd.1.dylib", RTLD_NOW | RTLD_LOCAL);
#else
    void *library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
#endif
    if (library == NULL) return;
    *(void **)&zstd.create = dlsym(library, "ZSTD_createDCtx");
    *(void **)&zstd.set = dlsym(library, "ZSTD_DCtx_setParameter");
    *(void **)&zstd.run = dlsym(library, "ZSTD_decompressStream");
    *(void **)&zstd.is_error = dlsym(library, "ZSTD_isError");
    *(void **)&zstd.free = dlsym(library, "ZSTD_freeDCtx");
    zstd.is_available = zstd.create && zstd.set && zstd.run && zstd.is_error && zstd.free;
}

struct iii_zstd {
    void *context;
};

iii_zstd *iii_zstd_open(void) {
    pthread_once(&zstd_once, load_zstd);
    if (!zstd.is_available) return NULL;
    iii_zstd *stream = malloc(sizeof *stream);
    if (stream == NULL) return NULL;
    stream->context = zstd.create();
    if (stream->context != NULL && !zstd.is_error(zstd.set(stream->context, zstd_window_log_max, 27))) return stream;
    if (stream->context != NULL) zstd.free(stream->context);
    free(stream);
    return NULL;
}

iii_inflate_step iii_zstd_run(iii_zstd *stream, const void *input, size_t input_count, void *output,
                              size_t output_count) {
    struct zstd_in in = {input, input_count, 0};
    struct zstd_out out = {output, output_count, 0};
    iii_inflate_step step = {0};
    size_t left = zstd.run(stream->context, &out, &in);
    step.status = zstd.is_error(left) ? -1 : left == 0 ? 1 : 0;
    step.consumed = in.position;
    step.produced = out.position;
    return step;
}

void iii_zstd_close(iii_zstd *stream) {
    if (stream == NULL) return;
    zstd.free(stream->context);
    free(stream);
}

struct iii_deflate {
    z_stream zlib;
};

iii_deflate *iii_deflate_open(int level) {
    iii_deflate *stream = malloc(sizeof *stream);
    if (stream == NULL) return NULL;
    memset(&stream->zlib, 0, sizeof stream->zlib);
    if (deflateInit2(&stream->zlib, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK) return stream;
    free(stream);
    return NULL;
}

void iii_deflate_close(iii_deflate *stream) {
    if (stream == NULL) return;
    deflateEnd(&stream->zlib);
    free(stream);
}

void iii_deflate_reset(iii_deflate *stream) { deflateReset(&stream->zlib); }

iii_inflate_step iii_deflate_run(
    iii_deflate *stream, const void *input, size_t input_count, void *output, size_t output_count, bool finish
) {
    input_count = at_most(input_count);
    output_count = at_most(output_count);
    iii_inflate_step step = {0};
    stream->zlib.next_in = (Bytef *)input;
    stream->zlib.avail_in = (uInt)input_count;
    stream->zlib.next_out = output;
    stream->zlib.avail_out = (uInt)output_count;
    int result = deflate(&stream->zlib, finish ? Z_FINISH : Z_NO_FLUSH);
    step.consumed = input_count - stream->zlib.avail_in;
    step.produced = output_count - stream->zlib.avail_out;
    step.status = result == Z_STREAM_END ? 1 : result == Z_OK || result == Z_BUF_ERROR ? 0 : -1;
    return step;
}

size_t iii_deflate_block(
    int level, const void *window, size_t window_count, const void *input, size_t input_count, bool finish, void *output,
    size_t room
) {
    if (input_count > UINT_MAX || room > UINT_MAX || window_count > UINT_MAX) return 0;
    z_stream zlib = {0};
    if (deflateInit2(&zlib, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    if (window_count > 0) deflateSetDictionary(&zlib, window, (uInt)window_count);
    zlib.next_in = (Bytef *)input;
    zlib.avail_in = (uInt)input_count;
    zlib.next_out = output;
    zlib.avail_out = (uInt)room;
    int result = deflate(&zlib, finish ? Z_FINISH : Z_SYNC_FLUSH);
    // Without room to spare something of the block may be missing.
    bool is_whole = zlib.avail_in == 0 && zlib.avail_out > 0 && result == (finish ? Z_STREAM_END : Z_OK);
    size_t produced = room - zlib.avail_out;
    deflateEnd(&zlib);
    return is_whole ? produced : 0;
}
