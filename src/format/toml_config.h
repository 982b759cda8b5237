// A config struct from TOML text and overrides, and back to TOML, through its one visit() (see config_visitor.h).
//
//   TrainConfig config;
//   TRY(read_config(text, "pretrain.toml", {"optimizer.lr=0.01"}, config));
//   files.write("config.toml", write_config(config));
//
// Every problem is reported at once: unknown keys with the nearest known one, wrong types, values out of range, failed
// rules. One problem reads `pretrain.toml: optimzer.lr: unknown key; did you mean optimizer.lr?`; several stand on a
// line each. What an override got wrong begins with `--set KEY:`.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "format/config_visitor.h"
#include "format/toml_document.h"

namespace r1 {

class ConfigReader final : public ConfigVisitor {
 public:
  // Each override is "KEY=VALUE", VALUE in TOML; a string may go without quotes. An override wins over the text.
  static Result<ConfigReader> open(std::string_view text, std::string_view where,
                                   std::span<const std::string> overrides = {});
  // Call once, after the visit. An Error lists everything found wrong, unknown keys last.
  Status finish();

 protected:
  void on_bool(const std::string& path, bool& value) override;
  void on_integer(const std::string& path, int64_t& value, int64_t low, int64_t high) override;
  void on_real(const std::string& path, double& value, const Limits& limits, bool is_float) override;
  void on_string(const std::string& path, std::string& value, std::span<const std::string_view> choices) override;
  void on_strings(const std::string& path, std::vector<std::string>& value) override;
  void on_integers(const std::string& path, std::vector<int64_t>& value) override;
  void on_reals(const std::string& path, std::vector<double>& value) override;
  bool on_tables(const std::string& path, size_t& count) override;
  void on_table(const std::string&, size_t) override {}
  void on_tables_end() override {}
  void on_problem(const std::string& path, std::string_view message) override;

 private:
  Status add_override(const std::string& text);
  // The value at `path`, or null; the key counts as known from now on.
  const TomlValue* find(const std::string& path, std::string_view expected);
  void wrong(const std::string& path, const TomlValue& value, std::string_view expected);
  template <class T>
  void read_array(const std::string& path, std::vector<T>& value, std::string_view expected);
  void forget_under(const std::string& path);
  std::string describe(const std::string& path) const;
  std::string unknown_key(const std::string& path) const;

  std::string where_;
  TomlDocument document_;
  std::map<std::string, std::string> overrides_;  // path -> the text after "="
  std::vector<std::string> known_;                // in the order of the visit
  std::set<std::string> unread_;                  // values and arrays of tables in the document, not asked for yet
  std::vector<std::string> problems_;
};

class ConfigWriter final : public ConfigVisitor {
 public:
  // TOML: the root's keys, then each table in the order first met, then the arrays of tables where they stood.
  std::string text() const;
  // Every field as (path, TOML text), in the order of the visit.
  const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }

 protected:
  void on_bool(const std::string& path, bool& value) override;
  void on_integer(const std::string& path, int64_t& value, int64_t low, int64_t high) override;
  void on_real(const std::string& path, double& value, const Limits& limits, bool is_float) override;
  void on_string(const std::string& path, std::string& value, std::span<const std::string_view> choices) override;
  void on_strings(const std::string& path, std::vector<std::string>& value) override;
  void on_integers(const std::string& path, std::vector<int64_t>& value) override;
  void on_reals(const std::string& path, std::vector<double>& value) override;
  bool on_tables(const std::string& path, size_t& count) override;
  void on_table(const std::string& path, size_t index) override;
  void on_tables_end() override;
  void on_problem(const std::string&, std::string_view) override {}

 private:
  struct Section {
    std::string header, body;
  };
  void add(const std::string& path, std::string text);
  Section& section_of(const std::string& table);

  std::vector<Section> sections_{{"", ""}};
  std::string item_prefix_;  // "rewards.0." while inside that item
  std::vector<std::pair<std::string, std::string>> entries_;
};

template <class Config>
Status read_config(std::string_view text, std::string_view where, std::span<const std::string> overrides,
                   Config& config) {
  TRY_ASSIGN(ConfigReader reader, ConfigReader::open(text, where, overrides));
  visit(reader, config);
  return reader.finish();
}

template <class Config>
std::string write_config(Config config) {
  ConfigWriter writer;
  visit(writer, config);
  return writer.text();
}

// "optimizer.lr: 0.001 and 0.002" for each field that differs; a field that one side lacks counts as "absent".
std::vector<std::string> entry_differences(const ConfigWriter& a, const ConfigWriter& b);

template <class Config>
std::vector<std::string> config_differences(Config a, Config b) {
  ConfigWriter writer_a, writer_b;
  visit(writer_a, a);
  visit(writer_b, b);
  return entry_differences(writer_a, writer_b);
}

}  // namespace r1
