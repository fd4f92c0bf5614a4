// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

// An ICU data package without entries, in place of the 30 MiB that come with Foundation: the registry formats no dates,
// sorts nothing by language and asks for no locale. The layout is that of ICU's own headers: MappedData, UDataInfo, and a
// table of contents of the format `CmnD` that counts 0. The symbol has ICU's version in it; where Foundation brings another
// version, the linker takes its data, and `scripts/dist` complains of the size.

#include <stdint.h>

const struct {
    uint16_t header_size;
    uint8_t magic[2];
    uint16_t info_size, reserved;
    uint8_t is_big_endian, charset, unit_size, unused;
    uint8_t format[4], format_version[4], data_version[4];
    uint8_t padding[8];
    uint32_t count, rest[3];
} icudt76_dat __attribute__((aligned(16))) = {
    32, {0xDA, 0x27}, 20, 0, 0, 0, 2, 0, {'C', 'm', 'n', 'D'}, {1, 0, 0, 0}, {76, 0, 0, 0}, {0}, 0, {0},
};
