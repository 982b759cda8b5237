#include <algorithm>

#include "format/json_write.h"
#include "format/toml_config.h"

namespace r1 {
namespace {

std::string toml_real(double value, bool is_float) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string text = is_float ? cat(float(value)) : cat(value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

template <class T, class ToText>
std::string toml_array(const std::vector<T>& items, ToText to_text) {
  std::string out = "[";
  for (size_t i = 0; i < items.size(); ++i) out += cat(i == 0 ? "" : ", ", to_text(items[i]));
  return out + "]";
}

}  // namespace

ConfigWriter::Section& ConfigWriter::section_of(const std::string& table) {
  const std::string header = cat("[", table, "]");
  for (Section& section : sections_)
    if (section.header == header) return section;
  return sections_.emplace_back(Section{header, ""});
}

void ConfigWriter::add(const std::string& path, std::string text) {
  Section* section = &sections_.back();
  std::string key = path.substr(item_prefix_.size());
  if (item_prefix_.empty()) {
    const size_t dot = path.rfind('.');
    section = dot == path.npos ? &sections_.front() : &section_of(path.substr(0, dot));
    key = dot == path.npos ? path : path.substr(dot + 1);
  }
  section->body += cat(key, " = ", text, "\n");
  entries_.emplace_back(path, std::move(text));
}

void ConfigWriter::on_bool(const std::string& path, bool& value) { add(path, cat(value)); }

void ConfigWriter::on_integer(const std::string& path, int64_t& value, int64_t, int64_t) { add(path, cat(value)); }

void ConfigWriter::on_real(const std::string& path, double& value, const Limits&, bool is_float) {
  add(path, toml_real(value, is_float));
}

void ConfigWriter::on_string(const std::string& path, std::string& value, std::span<const std::string_view>) {
  add(path, toml_quote(value));
}

void ConfigWriter::on_strings(const std::string& path, std::vector<std::string>& value) {
  add(path, toml_array(value, [](const std::string& item) { return toml_quote(item); }));
}

void ConfigWriter::on_integers(const std::string& path, std::vector<int64_t>& value) {
  add(path, toml_array(value, [](int64_t item) { return cat(item); }));
}

void ConfigWriter::on_reals(const std::string& path, std::vector<double>& value) {
  add(path, toml_array(value, [](double item) { return toml_real(item, false); }));
}

bool ConfigWriter::on_tables(const std::string& path, size_t& count) {
  CHECK(item_prefix_.empty());
  if (count == 0) add(path, "[]");
  return false;
}

void ConfigWriter::on_table(const std::string& path, size_t index) {
  sections_.push_back({cat("[[", path, "]]"), ""});
  item_prefix_ = cat(path, ".", index, ".");
}

void ConfigWriter::on_tables_end() { item_prefix_.clear(); }

std::string ConfigWriter::text() const {
  std::string out;
  for (const Section& section : sections_) {
    if (section.header.empty()) {
      out += section.body;
    } else {
      out += cat(out.empty() ? "" : "\n", section.header, "\n", section.body);
    }
  }
  return out;
}

std::vector<std::string> entry_differences(const ConfigWriter& a, const ConfigWriter& b) {
  const auto find = [](const ConfigWriter& writer, const std::string& path) -> const std::string* {
    for (const auto& [key, text] : writer.entries())
      if (key == path) return &text;
    return nullptr;
  };
  std::vector<std::string> differences;
  for (const auto& [path, text] : a.entries()) {
    const std::string* other = find(b, path);
    if (other == nullptr || *other != text)
      differences.push_back(cat(path, ": ", text, " and ", other == nullptr ? "absent" : *other));
  }
  for (const auto& [path, text] : b.entries())
    if (find(a, path) == nullptr) differences.push_back(cat(path, ": absent and ", text));
  return differences;
}

}  // namespace r1
