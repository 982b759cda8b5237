// One list of a config's fields, walked for every purpose: reading TOML, `--set key=value`, writing the resolved file.
//
//   struct AdamConfig { double lr = 1e-3; double beta2 = 0.95; };
//   void visit(ConfigVisitor& v, AdamConfig& c) {
//     v.field("lr", c.lr, above(0));
//     v.field("beta2", c.beta2, at_least(0) && below(1));
//   }
//   struct TrainConfig { uint32_t steps = 100; AdamConfig optimizer; std::vector<RewardConfig> rewards; };
//   void visit(ConfigVisitor& v, TrainConfig& c) {
//     v.field("steps", c.steps, at_least(1));
//     v.section("optimizer", c.optimizer);   // [optimizer]
//     v.tables("rewards", c.rewards);        // [[rewards]]
//     v.require(c.steps < 1000 || c.optimizer.lr < 1, "steps", "is too many for this learning rate");
//   }
// A visitor that reads leaves a field alone if its key is absent, so defaults stand in the struct and nowhere else.
// The list must not depend on values read (else a key could be known in one file and unknown in another).
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cat.h"

namespace r1 {

// What a number may be. NaN and infinities never pass.
struct Limits {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool low_open = false, high_open = false;  // open: the bound itself is refused

  bool admit(double x) const {
    return std::isfinite(x) && (low_open ? x > low : x >= low) && (high_open ? x < high : x <= high);
  }
};
constexpr Limits at_least(double low) { return {.low = low}; }
constexpr Limits above(double low) { return {.low = low, .low_open = true}; }
constexpr Limits at_most(double high) { return {.high = high}; }
constexpr Limits below(double high) { return {.high = high, .high_open = true}; }
// A lower bound and an upper one.
constexpr Limits operator&&(const Limits& low, const Limits& high) {
  return {.low = low.low, .high = high.high, .low_open = low.low_open, .high_open = high.high_open};
}

template <class E>
struct EnumName {
  E value;
  std::string_view name;
};

class ConfigVisitor {
 public:
  virtual ~ConfigVisitor() = default;

  void field(std::string_view key, bool& value) { on_bool(path(key), value); }

  // With choices, the value must be one of them.
  void field(std::string_view key, std::string& value, std::initializer_list<std::string_view> choices = {}) {
    on_string(path(key), value, {choices.begin(), choices.size()});
  }

  // TOML's integers are 64-bit and signed. REQUIRES: an unsigned value is below 2^63.
  template <std::integral T>
  requires(!std::same_as<T, bool>) void field(std::string_view key, T& value, Limits limits = {}) {
    int64_t low = int64_t(std::numeric_limits<T>::min());
    int64_t high = int64_t(std::min<uint64_t>(uint64_t(std::numeric_limits<T>::max()), uint64_t(INT64_MAX)));
    if (limits.low > double(low)) low = int64_t(limits.low_open ? std::floor(limits.low) + 1 : std::ceil(limits.low));
    if (limits.high < double(high))
      high = int64_t(limits.high_open ? std::ceil(limits.high) - 1 : std::floor(limits.high));
    int64_t wide = int64_t(value);
    on_integer(path(key), wide, low, high);
    value = T(wide);
  }

  template <std::floating_point T>
  void field(std::string_view key, T& value, Limits limits = {}) {
    double wide = value;
    on_real(path(key), wide, limits, std::same_as<T, float>);
    value = T(wide);
  }

  void field(std::string_view key, std::vector<std::string>& value) { on_strings(path(key), value); }
  void field(std::string_view key, std::vector<int64_t>& value) { on_integers(path(key), value); }
  void field(std::string_view key, std::vector<double>& value) { on_reals(path(key), value); }

  // An enumeration by name. REQUIRES: `value` is in the list.
  template <class E, size_t N>
  void field(std::string_view key, E& value, const std::array<EnumName<E>, N>& names) {
    std::array<std::string_view, N> choices;
    std::string name;
    for (size_t i = 0; i < N; ++i) {
      choices[i] = names[i].name;
      if (names[i].value == value) name = names[i].name;
    }
    on_string(path(key), name, choices);
    for (const EnumName<E>& choice : names)
      if (choice.name == name) value = choice.value;
  }

  // A nested struct with a visit() of its own, under "KEY.".
  template <class Part>
  void section(std::string_view key, Part& part) {
    const std::string outer = prefix_;
    prefix_ = cat(path(key), ".");
    visit(*this, part);
    prefix_ = outer;
  }

  // An array of tables, [[KEY]]. If the document has the array it replaces `items`. An item is addressed as KEY.0.NAME;
  // it holds no further arrays of tables.
  template <class Item>
  void tables(std::string_view key, std::vector<Item>& items) {
    const std::string array = path(key);
    size_t count = items.size();
    if (on_tables(array, count)) items.assign(count, Item{});
    for (size_t i = 0; i < items.size(); ++i) {
      on_table(array, i);
      section(cat(key, ".", i), items[i]);
    }
    on_tables_end();
  }

  // A rule across fields; `message` goes on from the key: "is 1; expected at least 2 with std normalisation".
  void require(bool holds, std::string_view key, std::string_view message) {
    if (!holds) on_problem(path(key), message);
  }

 protected:
  virtual void on_bool(const std::string& path, bool& value) = 0;
  virtual void on_integer(const std::string& path, int64_t& value, int64_t low, int64_t high) = 0;
  virtual void on_real(const std::string& path, double& value, const Limits& limits, bool is_float) = 0;
  virtual void on_string(const std::string& path, std::string& value, std::span<const std::string_view> choices) = 0;
  virtual void on_strings(const std::string& path, std::vector<std::string>& value) = 0;
  virtual void on_integers(const std::string& path, std::vector<int64_t>& value) = 0;
  virtual void on_reals(const std::string& path, std::vector<double>& value) = 0;
  // True if the array is to be replaced by `count` fresh items.
  virtual bool on_tables(const std::string& path, size_t& count) = 0;
  virtual void on_table(const std::string& path, size_t index) = 0;
  virtual void on_tables_end() = 0;
  virtual void on_problem(const std::string& path, std::string_view message) = 0;

 private:
  std::string path(std::string_view key) const { return cat(prefix_, key); }

  std::string prefix_;
};

}  // namespace r1
