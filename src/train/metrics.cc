#include "train/metrics.h"

#include <cmath>

#include "format/json_parse.h"
#include "format/tfevents.h"

namespace r1 {

std::string metrics_line(int64_t step, const Metrics& metrics) {
  nlohmann::ordered_json line;
  line["step"] = step;
  for (const auto& [name, value] : metrics)
    line[name] = std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
  return line.dump() + "\n";
}

double metric(const Metrics& metrics, std::string_view name, double otherwise) {
  for (const auto& [key, value] : metrics)
    if (key == name) return value;
  return otherwise;
}

Status RunLog::rewind(Offsets offsets) {
  for (const auto& [name, size] : {std::pair{"metrics.jsonl", offsets.metrics}, {"samples.jsonl", offsets.samples}}) {
    const std::string path = join_path(folder_, name);
    if (!files_.exists(path)) TRY(files_.append(path, ""));
    TRY_ASSIGN(const std::string text, files_.read(path));
    if (text.size() < size)
      return Error::corrupt(
          path, cat("has ", text.size(), " bytes; the checkpoint to go on from was made when it had ", size));
    TRY(files_.truncate(path, size));
  }
  offsets_ = offsets;
  return {};
}

Status RunLog::metrics(int64_t step, const Metrics& values) {
  const std::string line = metrics_line(step, values);
  TRY(files_.append(join_path(folder_, "metrics.jsonl"), line));
  offsets_.metrics += line.size();
  return {};
}

Status RunLog::sample(std::string_view json_line) {
  TRY(files_.append(join_path(folder_, "samples.jsonl"), cat(json_line, "\n")));
  offsets_.samples += json_line.size() + 1;
  return {};
}

Status RunLog::timings(int64_t step, double wall_time, const Metrics& values, const Metrics& also) {
  TRY(files_.append(join_path(folder_, "timings.jsonl"), metrics_line(step, values)));
  const std::string events = join_path(folder_, "events.out.tfevents.r1");
  std::string records = files_.exists(events) ? "" : encode_file_version(wall_time);
  for (const Metrics* group : {&values, &also})
    for (const auto& [name, value] : *group)
      if (std::isfinite(value)) records += encode_scalar_event(step, wall_time, name, float(value));
  return files_.append(events, records);
}

}  // namespace r1
