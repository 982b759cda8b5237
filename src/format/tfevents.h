// TensorBoard event files: records to append to a file whose name contains "tfevents".
//
// A record is: u64 n | u32 masked CRC32C of those 8 bytes | n bytes of an Event message | u32 masked CRC32C of the
// message; little-endian. The Event is a protocol buffer: wall_time = 1 (double), step = 2 (int64), file_version = 3
// (string), summary = 5 { value = 1 { tag = 1 (string), simple_value = 2 (float) } }. Sources:
// tensorflow/core/lib/io/record_writer.h, core/util/event.proto, core/framework/summary.proto.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace r1 {

// CRC-32C (Castagnoli), as in iSCSI.
uint32_t crc32c(std::string_view bytes);
// What a record stores instead, so that the CRC of data that holds CRCs stays useful.
uint32_t masked_crc32c(std::string_view bytes);

// One framed record each. A file begins with the version record. wall_time is in seconds since 1970.
std::string encode_file_version(double wall_time);
std::string encode_scalar_event(int64_t step, double wall_time, std::string_view tag, float value);

}  // namespace r1
