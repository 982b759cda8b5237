#include "format/json_parse.h"

#include <algorithm>

#include "format/json_write.h"

namespace r1 {
namespace {

using nlohmann::json;

// nlohmann's parser keeps its own stack, so no depth of input can overflow ours; this handler builds the tree and
// stops at the first thing out of bounds.
class TreeBuilder final : public nlohmann::json_sax<json> {
 public:
  explicit TreeBuilder(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return open(json::object()); }
  bool start_array(size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto [it, fresh] = stack_.back()->get_ref<json::object_t&>().try_emplace(std::move(name));
    if (!fresh && limits_.refuse_duplicate_keys) {
      problem_ = cat("key ", describe_json(it->first), " appears twice in one object");
      return false;
    }
    slot_ = &it->second;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& failure) override {
    position_ = position;
    // "[json.exception.parse_error.101] parse error at line 1, column 2: WHAT"; out of range numbers have no place.
    std::string_view what = failure.what();
    if (const size_t place = what.find(", column "); place != what.npos)
      what.remove_prefix(std::min(what.find(": ", place), what.size() - 2) + 2);
    else if (const size_t bracket = what.find("] "); bracket != what.npos)
      what.remove_prefix(bracket + 2);
    problem_ = cat("is not valid JSON: ", what.substr(0, 200));
    // The library quotes the input; half a character at the cut, or worse, must not reach a terminal.
    for (char& c : problem_)
      if (c < 0x20 || c > 0x7E) c = '?';
    return false;
  }

  json take() { return std::move(root_); }
  const std::string& problem() const { return problem_; }
  size_t position() const { return position_; }  // bytes read up to a syntax error; 0 when it is not one

 private:
  json* place(json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (stack_.back()->is_array()) {
      auto& items = stack_.back()->get_ref<json::array_t&>();
      items.push_back(std::move(value));
      return &items.back();
    }
    *slot_ = std::move(value);
    return slot_;
  }

  bool add(json value) {
    place(std::move(value));
    return true;
  }

  // Addresses on the stack stay valid: an array grows only while its last item is closed.
  bool open(json value) {
    if (stack_.size() >= limits_.max_depth) {
      problem_ = cat("is nested deeper than ", limits_.max_depth, " levels");
      return false;
    }
    stack_.push_back(place(std::move(value)));
    return true;
  }

  bool close() {
    stack_.pop_back();
    return true;
  }

  const JsonLimits& limits_;
  json root_;
  std::vector<json*> stack_;
  json* slot_ = nullptr;
  std::string problem_;
  size_t position_ = 0;
};

std::string line_and_column(std::string_view text, size_t position) {
  const std::string_view before = text.substr(0, std::min(position, text.size()));
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return cat("line ", 1 + std::count(before.begin(), before.end(), '\n'), ", column ", before.size() - line_start);
}

void append_newline(std::string& out, int indent, int level) {
  if (indent < 0) return;
  out += '\n';
  out.append(size_t(indent) * size_t(level), ' ');
}

void append_json(std::string& out, const json& value, int indent, int level) {
  switch (value.type()) {
    case json::value_t::object: {
      const auto& members = value.get_ref<const json::object_t&>();
      out += '{';
      bool first = true;
      for (const auto& [key, member] : members) {
        if (!first) out += ',';
        first = false;
        append_newline(out, indent, level + 1);
        append_json_string(out, key);
        out += indent < 0 ? ":" : ": ";
        append_json(out, member, indent, level + 1);
      }
      if (!members.empty()) append_newline(out, indent, level);
      out += '}';
      return;
    }
    case json::value_t::array: {
      out += '[';
      bool first = true;
      for (const json& item : value) {
        if (!first) out += ',';
        first = false;
        append_newline(out, indent, level + 1);
        append_json(out, item, indent, level + 1);
      }
      if (!value.empty()) append_newline(out, indent, level);
      out += ']';
      return;
    }
    case json::value_t::string:
      return append_json_string(out, value.get_ref<const std::string&>());
    case json::value_t::boolean:
      return cat_append(out, value.get<bool>());
    case json::value_t::number_integer:
      return cat_append(out, value.get<int64_t>());
    case json::value_t::number_unsigned:
      return cat_append(out, value.get<uint64_t>());
    case json::value_t::number_float:
      return append_json_number(out, value.get<double>());
    default:
      out += "null";
  }
}

Error unexpected(const json& value, std::string_view where, std::string_view expected) {
  return Error::invalid(std::string(where), cat("is ", describe_json(value), "; expected ", expected));
}

}  // namespace

Result<json> parse_json(std::string_view text, std::string_view where, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes)
    return Error::corrupt(std::string(where),
                          cat("has ", text.size(), " bytes of JSON; expected at most ", limits.max_bytes));
  TreeBuilder builder(limits);
  if (!json::sax_parse(text.begin(), text.end(), &builder) || !builder.problem().empty()) {
    std::string message = builder.problem();
    if (builder.position() > 0) message = cat(line_and_column(text, builder.position()), ": ", message);
    return Error::corrupt(std::string(where), std::move(message));
  }
  return builder.take();
}

std::string dump_json(const json& value, int indent) {
  std::string out;
  append_json(out, value, indent, 0);
  return out;
}

std::string describe_json(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return cat("an array of ", value.size());
  if (!value.is_string()) return dump_json(value);
  return json_quote_start(value.get_ref<const std::string&>());
}

Result<int64_t> json_as_int64(const json& value, std::string_view where) {
  if (!value.is_number_integer()) return unexpected(value, where, "an integer");
  if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t(INT64_MAX))
    return json_detail::out_of_range(value, where, INT64_MIN, uint64_t(INT64_MAX));
  return value.get<int64_t>();
}

Result<uint64_t> json_as_uint64(const json& value, std::string_view where) {
  if (!value.is_number_integer()) return unexpected(value, where, "an integer");
  if (!value.is_number_unsigned() && value.get<int64_t>() < 0)
    return json_detail::out_of_range(value, where, 0, UINT64_MAX);
  return value.get<uint64_t>();
}

Result<double> json_as_double(const json& value, std::string_view where) {
  if (!value.is_number()) return unexpected(value, where, "a number");
  return value.get<double>();
}

Result<bool> json_as_bool(const json& value, std::string_view where) {
  if (!value.is_boolean()) return unexpected(value, where, "true or false");
  return value.get<bool>();
}

Result<std::string> json_as_string(const json& value, std::string_view where) {
  if (!value.is_string()) return unexpected(value, where, "a string");
  return value.get_ref<const std::string&>();
}

Status expect_json_array(const json& value, std::string_view where) {
  if (!value.is_array()) return unexpected(value, where, "an array");
  return {};
}

Status expect_json_object(const json& value, std::string_view where) {
  if (!value.is_object()) return unexpected(value, where, "an object");
  return {};
}

Error json_detail::out_of_range(const json& value, std::string_view where, int64_t low, uint64_t high) {
  return unexpected(value, where, cat("an integer from ", low, " to ", high));
}

Result<const json*> json_member_or_null(const json& object, std::string_view where, std::string_view key) {
  TRY(expect_json_object(object, where));
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<const json*> json_member(const json& object, std::string_view where, std::string_view key) {
  TRY(expect_json_object(object, where));
  const auto found = object.find(key);
  if (found == object.end()) return Error::invalid(cat(where, ": ", key), "is missing");
  return &*found;
}

Result<const json*> json_object(const json& object, std::string_view where, std::string_view key) {
  TRY_ASSIGN(const json* member, json_member(object, where, key));
  TRY(expect_json_object(*member, cat(where, ": ", key)));
  return member;
}

Result<const json*> json_array(const json& object, std::string_view where, std::string_view key) {
  TRY_ASSIGN(const json* member, json_member(object, where, key));
  TRY(expect_json_array(*member, cat(where, ": ", key)));
  return member;
}

}  // namespace r1
