#include <algorithm>

#include "base/edit_distance.h"
#include "format/json_write.h"
#include "format/toml_config.h"
#include "format/utf8.h"

namespace r1 {
namespace {

constexpr size_t kListed = 20;  // problems and key names shown in one message

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  return text;
}

std::string_view table_of(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == path.npos ? std::string_view{} : path.substr(0, dot);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('.') + 1); }  // npos + 1 is 0

bool is_under(std::string_view path, std::string_view table) {
  return path.size() > table.size() && path.starts_with(table) && path[table.size()] == '.';
}

std::string number_text(double x) { return x == std::floor(x) && std::abs(x) < 1e15 ? cat(int64_t(x)) : cat(x); }

std::string describe_limits(const Limits& limits) {
  std::string out = "a finite number", joint = " ";
  if (std::isfinite(limits.low)) {
    out = cat("a number ", limits.low_open ? "above " : "of at least ", number_text(limits.low));
    joint = " and ";
  }
  if (!std::isfinite(limits.high)) return out;
  if (!std::isfinite(limits.low)) out = "a number";
  return cat(out, joint, limits.high_open ? "below " : "at most ", number_text(limits.high));
}

std::string describe_range(int64_t low, int64_t high) {
  if (low == INT64_MIN && high == INT64_MAX) return "an integer";
  if (high == INT64_MAX) return cat("an integer of at least ", low);
  return cat("an integer from ", low, " to ", high);
}

bool convert(const TomlValue& from, std::string& to) {
  const auto* text = std::get_if<std::string>(&from.data);
  if (text != nullptr) to = *text;
  return text != nullptr;
}

bool convert(const TomlValue& from, int64_t& to) {
  const auto* number = std::get_if<int64_t>(&from.data);
  if (number != nullptr) to = *number;
  return number != nullptr;
}

bool convert(const TomlValue& from, double& to) {
  if (const auto* integer = std::get_if<int64_t>(&from.data))
    to = double(*integer);
  else if (const auto* real = std::get_if<double>(&from.data))
    to = *real;
  else
    return false;
  return std::isfinite(to);
}

}  // namespace

Result<ConfigReader> ConfigReader::open(std::string_view text, std::string_view where,
                                        std::span<const std::string> overrides) {
  ConfigReader reader;
  reader.where_ = where;
  TRY_ASSIGN(reader.document_, parse_toml(text, where));
  for (const std::string& override_text : overrides) TRY(reader.add_override(override_text));
  for (const auto& [path, value] : reader.document_.values) reader.unread_.insert(path);
  for (const auto& [path, length] : reader.document_.table_arrays) reader.unread_.insert(path);
  return reader;
}

Status ConfigReader::add_override(const std::string& text) {
  const size_t equals = text.find('=');
  const std::string path = text.substr(0, equals);
  if (equals == text.npos || path.empty() || !is_utf8(text))
    return Error::usage("--set", cat("is ", json_quote(text), "; expected KEY=VALUE"));
  const std::string raw = text.substr(equals + 1);
  overrides_[path] = raw;
  const auto parsed = parse_toml(cat("v = ", raw), "");
  const bool is_value =
      parsed.ok() && parsed->table_arrays.empty() && parsed->values.size() == 1 && parsed->values.begin()->first == "v";
  document_.values[path] = is_value ? parsed->values.begin()->second : TomlValue{raw};
  return {};
}

const TomlValue* ConfigReader::find(const std::string& path, std::string_view expected) {
  known_.push_back(path);
  unread_.erase(path);
  if (const auto found = document_.values.find(path); found != document_.values.end()) return &found->second;
  const auto under = unread_.lower_bound(path + ".");
  const bool is_array = document_.table_arrays.contains(path);
  const bool is_table = under != unread_.end() && is_under(*under, path);
  if (is_array || is_table)
    on_problem(path, cat("is ", is_array ? "an array of tables" : "a table", "; expected ", expected));
  forget_under(path);
  return nullptr;
}

void ConfigReader::forget_under(const std::string& path) {
  unread_.erase(unread_.lower_bound(path + "."), unread_.lower_bound(path + "/"));  // '/' comes right after '.'
}

void ConfigReader::on_problem(const std::string& path, std::string_view message) {
  problems_.push_back(cat(overrides_.contains(path) ? "--set " : "", path, ": ", message));
}

void ConfigReader::wrong(const std::string& path, const TomlValue& value, std::string_view expected) {
  on_problem(path, cat("is ", describe_toml(value), "; expected ", expected));
}

void ConfigReader::on_bool(const std::string& path, bool& value) {
  const TomlValue* found = find(path, "true or false");
  if (found == nullptr) return;
  if (const auto* flag = std::get_if<bool>(&found->data))
    value = *flag;
  else
    wrong(path, *found, "true or false");
}

void ConfigReader::on_integer(const std::string& path, int64_t& value, int64_t low, int64_t high) {
  const std::string expected = describe_range(low, high);
  const TomlValue* found = find(path, expected);
  int64_t number = 0;
  if (found == nullptr) return;
  if (!convert(*found, number) || number < low || number > high) return wrong(path, *found, expected);
  value = number;
}

void ConfigReader::on_real(const std::string& path, double& value, const Limits& limits, bool is_float) {
  const std::string expected = describe_limits(limits);
  const TomlValue* found = find(path, expected);
  double number = 0;
  if (found == nullptr) return;
  if (!convert(*found, number) || !limits.admit(is_float ? double(float(number)) : number))
    return wrong(path, *found, expected);
  value = number;
}

void ConfigReader::on_string(const std::string& path, std::string& value, std::span<const std::string_view> choices) {
  std::string expected = choices.empty() ? "a string" : "one of";
  for (size_t i = 0; i < choices.size(); ++i) expected += cat(i == 0 ? " " : ", ", toml_quote(choices[i]));
  const TomlValue* found = find(path, expected);
  if (found == nullptr) return;
  std::string text;
  if (!convert(*found, text)) {
    const auto raw = overrides_.find(path);
    if (raw == overrides_.end()) return wrong(path, *found, expected);
    text = raw->second;  // --set name=7 means the string "7"
  }
  if (!choices.empty() && std::find(choices.begin(), choices.end(), text) == choices.end())
    return wrong(path, TomlValue{text}, expected);
  value = text;
}

template <class T>
void ConfigReader::read_array(const std::string& path, std::vector<T>& value, std::string_view expected) {
  const TomlValue* found = find(path, expected);
  if (found == nullptr) return;
  const auto* items = std::get_if<std::vector<TomlValue>>(&found->data);
  if (items == nullptr) return wrong(path, *found, expected);
  std::vector<T> converted(items->size());
  for (size_t i = 0; i < items->size(); ++i)
    if (!convert((*items)[i], converted[i]))
      return on_problem(path, cat("item ", i, " is ", describe_toml((*items)[i]), "; expected ", expected));
  value = std::move(converted);
}

void ConfigReader::on_strings(const std::string& path, std::vector<std::string>& value) {
  read_array(path, value, "an array of strings");
}

void ConfigReader::on_integers(const std::string& path, std::vector<int64_t>& value) {
  read_array(path, value, "an array of integers");
}

void ConfigReader::on_reals(const std::string& path, std::vector<double>& value) {
  read_array(path, value, "an array of finite numbers");
}

bool ConfigReader::on_tables(const std::string& path, size_t& count) {
  known_.push_back(path);
  unread_.erase(path);
  const auto array = document_.table_arrays.find(path);
  if (array != document_.table_arrays.end()) {
    count = array->second;
    return true;
  }
  const auto found = document_.values.find(path);
  if (found == document_.values.end()) return false;
  const auto* items = std::get_if<std::vector<TomlValue>>(&found->second.data);
  if (items == nullptr || !items->empty()) {
    wrong(path, found->second, cat("an array of tables, [[", path, "]]"));
    return false;
  }
  count = 0;
  return true;
}

std::string ConfigReader::describe(const std::string& path) const {
  const auto value = document_.values.find(path);
  return value == document_.values.end() ? "an array of tables" : describe_toml(value->second);
}

std::string ConfigReader::unknown_key(const std::string& path) const {
  std::string nearest;
  size_t least = 2 + path.size() / 4;
  for (const std::string& known : known_) {
    const bool moved = name_of(path) == name_of(known);
    const size_t distance = moved ? 1 : edit_distance(lower_case(path), known);
    if (distance >= least || distance >= name_of(path).size()) continue;
    least = distance;
    nearest = known;
  }
  if (!nearest.empty()) return cat("unknown key; did you mean ", nearest, "?");
  std::string siblings;
  size_t listed = 0;
  for (const std::string& known : known_) {
    if (table_of(known) != table_of(path) || listed == kListed) continue;
    siblings += cat(listed++ == 0 ? "" : ", ", name_of(known));
  }
  return siblings.empty() ? "unknown key" : cat("unknown key; known here: ", siblings);
}

Status ConfigReader::finish() {
  const std::set<std::string> known(known_.begin(), known_.end());
  while (!unread_.empty()) {
    const std::string path = *unread_.begin();
    unread_.erase(unread_.begin());
    forget_under(path);  // what is inside an unknown array goes without saying
    const auto under = known.lower_bound(path + ".");
    const bool is_section = under != known.end() && is_under(*under, path);
    if (is_section && describe(path) == "a table") continue;  // an empty one
    if (is_section)
      on_problem(path, cat("is ", describe(path), "; expected a table"));
    else
      on_problem(path, problems_.size() < kListed ? unknown_key(path) : "unknown key");
  }
  if (problems_.empty()) return {};
  if (problems_.size() == 1) {
    const bool is_override = problems_[0].starts_with("--set ");
    return Error::invalid(is_override ? "" : where_, problems_[0]);
  }
  std::string message = cat(problems_.size(), " problems");
  for (size_t i = 0; i < std::min(problems_.size(), kListed); ++i) message += cat("\n  ", problems_[i]);
  if (problems_.size() > kListed) message += cat("\n  and ", problems_.size() - kListed, " more");
  return Error::invalid(where_, message);
}

}  // namespace r1
