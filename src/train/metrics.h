// The files of a run that grow: metrics.jsonl and samples.jsonl (only what config and seed fix), timings.jsonl and
// TensorBoard events (speed and memory, exempt from byte-equality).
//
// Lines are appended as they come; a checkpoint remembers how long the deterministic files were, and resuming cuts them
// back.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"

namespace r1 {

using Metrics = std::vector<std::pair<std::string, double>>;  // in order; NaN and infinities are written as null

// {"step":3,"loss":1.5,...}
std::string metrics_line(int64_t step, const Metrics& metrics);
double metric(const Metrics& metrics, std::string_view name, double otherwise = 0);

class RunLog {
 public:
  RunLog(Files& files, std::string folder) : files_(files), folder_(std::move(folder)) {}

  // Lengths of the deterministic files, for a checkpoint.
  struct Offsets {
    uint64_t metrics = 0, samples = 0;
  };
  // Cuts the files back to what a checkpoint saw; with zeros, to nothing. Error: a file that is shorter than that.
  Status rewind(Offsets offsets);
  Offsets offsets() const { return offsets_; }

  Status metrics(int64_t step, const Metrics& values);
  Status sample(std::string_view json_line);
  // wall_time: seconds since 1970. Also goes to TensorBoard, with `also` beside it.
  Status timings(int64_t step, double wall_time, const Metrics& values, const Metrics& also);

 private:
  Files& files_;
  std::string folder_;
  Offsets offsets_;
};

}  // namespace r1
