// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

// Raw deflate streams in pieces, behind one small surface, so that Swift sees neither zlib's macros nor the choice of
// library. Wrappers such as gzip's header and trailer are read and written by Swift code.

#ifndef C_COMPRESSION_H
#define C_COMPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether ISA-L was known when this was built and is on this machine. Loaded on the first call; safe to call at once.
bool iii_isal_is_available(void);

/// The CRC-32 of gzip and zip, continued from `crc`; 0 to begin. By ISA-L where there is one.
uint32_t iii_crc32(uint32_t crc, const void *bytes, size_t count);

typedef struct iii_inflate iii_inflate;

/// What one call did. `status` is 0 to go on, 1 at the end of the stream, -1 for a stream that is broken.
///
/// At the end of the stream `unused` holds bytes that were taken from the input and do not belong to the stream; they
/// come before the rest of the input.
typedef struct {
    int status;
    size_t consumed;
    size_t produced;
    uint8_t unused[8];
    size_t unused_count;
} iii_inflate_step;

/// A reader of one raw deflate stream, NULL without memory. `use_isal` is ignored where there is no ISA-L.
iii_inflate *iii_inflate_open(bool use_isal);
/// Reads some of `input` and writes some of `output`. While `output` comes back full there may be more to come.
iii_inflate_step iii_inflate_run(
    iii_inflate *stream, const void *input, size_t input_count, void *output, size_t output_count
);
void iii_inflate_close(iii_inflate *stream);

typedef struct iii_zstd iii_zstd;

/// A reader of zstd frames, NULL where this machine has no libzstd or no memory. Windows are 128 MiB at most.
iii_zstd *iii_zstd_open(void);
/// As `iii_inflate_run`; `status` is 1 where a frame has ended with what was consumed. Another frame may follow.
iii_inflate_step iii_zstd_run(iii_zstd *stream, const void *input, size_t input_count, void *output,
                              size_t output_count);
void iii_zstd_close(iii_zstd *stream);

typedef struct iii_deflate iii_deflate;

/// A writer of one raw deflate stream by zlib, NULL without memory. Equal input gives equal output on every machine
/// with one version of zlib.
iii_deflate *iii_deflate_open(int level);
/// As `iii_inflate_run`; with `finish` the stream is ended, at which `status` is 1.
iii_inflate_step iii_deflate_run(
    iii_deflate *stream, const void *input, size_t input_count, void *output, size_t output_count, bool finish
);
/// Begins another stream with the same level.
void iii_deflate_reset(iii_deflate *stream);
void iii_deflate_close(iii_deflate *stream);

/// Deflates one block of a stream in one go, by zlib. The block ends on a whole byte, or ends the stream with `finish`.
/// `window` is what stands before it, at most 32 KiB. Gives the bytes written; 0 without memory or room.
size_t iii_deflate_block(
    int level, const void *window, size_t window_count, const void *input, size_t input_count, bool finish, void *output,
    size_t room
);

#endif
