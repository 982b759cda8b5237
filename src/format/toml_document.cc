#include "format/toml_document.h"

#include <algorithm>

#include "format/json_write.h"
#include "format/toml_scalar.h"
#include "format/utf8.h"

namespace r1 {
namespace {

constexpr size_t kMaxText = size_t(1) << 20, kMaxParts = 8, kMaxKey = 64, kMaxItems = 1000;

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// How a path came to be, which decides what may be added to it later.
enum class Made { value, by_header, above_header, by_dotted_key, inline_table, table_array, array_item };

using Path = std::vector<std::string>;

std::string join(const Path& path) {
  std::string out;
  for (const std::string& part : path) out += cat(out.empty() ? "" : ".", part);
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Status run() {
    for (at_ = 0; at_ < text_.size(); ++at_) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '\r' ? peek(1) != '\n' : (c < 0x20 && c != '\t' && c != '\n') || c == 0x7F)
        return fault("is a control character");
    }
    at_ = text_.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    while (skip_blank(), at_ < text_.size()) {
      if (peek() == '[')
        TRY(read_header());
      else
        TRY(read_pair(table_));
      skip_spaces();
      if (peek() == '\r') ++at_;
      if (at_ < text_.size() && peek() != '\n' && peek() != '#')
        return fault(cat("expected the end of the line, found ", found()));
    }
    return {};
  }

  TomlDocument take() {
    for (const auto& [path, made] : made_) {
      const auto under = made_.upper_bound(path + ".");
      const bool empty = under == made_.end() || !under->first.starts_with(path + ".");
      if (empty && (made == Made::by_header || made == Made::inline_table))
        document_.values.emplace(path, TomlValue{TomlValue::EmptyTable{}});
    }
    return std::move(document_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  std::string found() const {
    if (at_ >= text_.size()) return "the end";
    if (peek() == '\n' || peek() == '\r') return "the end of the line";
    return json_quote(text_.substr(at_, utf8_sequence(text_, at_)));
  }

  Error fault(std::string_view message) const {
    const std::string_view before = text_.substr(0, at_);
    return Error::corrupt(cat("line ", 1 + std::count(before.begin(), before.end(), '\n'), ", column ",
                              at_ - (before.rfind('\n') + 1) + 1),
                          std::string(message));
  }

  void skip_spaces() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }

  // Spaces, comments and line ends.
  void skip_blank() {
    for (;;) {
      skip_spaces();
      if (peek() == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (peek() == '\n' || peek() == '\r')
        ++at_;
      else
        return;
    }
  }

  Status expect(char c, std::string_view after) {
    if (peek() != c) return fault(cat("expected '", c, "' after ", after, ", found ", found()));
    ++at_;
    return {};
  }

  // a."b c".d, with spaces around the dots.
  Result<Path> read_key() {
    Path key;
    do {
      if (!key.empty()) ++at_;
      skip_spaces();
      const size_t begin = at_;
      std::string part;
      if (peek() == '"' || peek() == '\'') {
        if (text_.substr(at_, 3) == std::string(3, peek())) return fault("a key cannot be a string of several lines");
        auto name = parse_toml_string(text_, at_);
        if (!name.ok()) return fault(name.error().message);
        part = *name;
        if (part.empty() || !std::all_of(part.begin(), part.end(), is_bare)) part = toml_quote(part);
      } else {
        while (is_bare(peek())) ++at_;
        part = text_.substr(begin, at_ - begin);
        if (part.empty()) return fault(cat("expected a key, found ", found()));
      }
      if (at_ - begin > kMaxKey) return fault(cat("a key has ", at_ - begin, " bytes; expected at most ", kMaxKey));
      key.push_back(part);
      skip_spaces();
      if (key.size() > kMaxParts) return too_deep();
    } while (peek() == '.');
    return key;
  }

  Error too_deep() const { return fault(cat("is nested deeper than ", kMaxParts, " levels")); }

  Status extend(Path& path, std::string part) {
    path.push_back(std::move(part));
    if (path.size() > kMaxParts) return too_deep();
    return {};
  }

  Error redefined(const Path& path) const { return fault(cat(join(path), " is defined twice")); }

  // [a.b] or [[a.b]]
  Status read_header() {
    const bool is_array = peek(1) == '[';
    at_ += is_array ? 2 : 1;
    TRY_ASSIGN(const Path key, read_key());
    Path path;
    for (size_t i = 0; i + 1 < key.size(); ++i) {
      TRY(extend(path, key[i]));
      const Made made = made_.try_emplace(join(path), Made::above_header).first->second;
      if (made == Made::value || made == Made::inline_table) return redefined(path);
      if (made == Made::table_array) TRY(extend(path, cat(document_.table_arrays.at(join(path)) - 1)));
    }
    TRY(extend(path, key.back()));
    const auto [entry, fresh] = made_.try_emplace(join(path), is_array ? Made::table_array : Made::by_header);
    if (is_array) {
      if (entry->second != Made::table_array) return redefined(path);
      TRY(add_item(path));
    } else if (!fresh) {
      if (entry->second != Made::above_header) return redefined(path);
      entry->second = Made::by_header;
    }
    table_ = path;
    TRY(expect(']', "the table's name"));
    return is_array ? expect(']', "the table's name") : Status();
  }

  // Appends a table to the array at `path`, and goes into it.
  Status add_item(Path& path) {
    size_t& length = document_.table_arrays[join(path)];
    if (length == kMaxItems) return fault(cat("is an array of more than ", kMaxItems, " tables"));
    TRY(extend(path, cat(length++)));
    made_.emplace(join(path), Made::array_item);
    return {};
  }

  // key = value, inside the table `path`.
  Status read_pair(Path path) {
    TRY_ASSIGN(const Path key, read_key());
    for (size_t i = 0; i + 1 < key.size(); ++i) {
      TRY(extend(path, key[i]));
      if (made_.try_emplace(join(path), Made::by_dotted_key).first->second != Made::by_dotted_key)
        return redefined(path);
    }
    TRY(extend(path, key.back()));
    if (made_.contains(join(path))) return redefined(path);
    TRY(expect('=', "the key"));
    skip_spaces();
    if (peek() == '{') return read_inline_table(path);
    if (peek() == '[' && begins_with_table()) return read_inline_tables(path);
    made_.emplace(join(path), Made::value);
    TRY_ASSIGN(TomlValue value, read_value(0));
    document_.values.emplace(join(path), std::move(value));
    return {};
  }

  Status read_inline_table(const Path& path) {
    made_.emplace(join(path), Made::inline_table);
    ++at_;
    skip_spaces();
    if (peek() == '}') {
      ++at_;
      return {};
    }
    for (;;) {
      TRY(read_pair(path));
      skip_spaces();
      if (peek() != ',') return expect('}', "the values of an inline table");
      ++at_;
      skip_spaces();
    }
  }

  bool begins_with_table() {
    const size_t begin = at_++;
    skip_blank();
    const bool yes = peek() == '{';
    at_ = begin;
    return yes;
  }

  // [{...}, {...}]: as [[path]] would make it, but closed.
  Status read_inline_tables(const Path& path) {
    made_.emplace(join(path), Made::value);
    ++at_;
    for (skip_blank(); peek() != ']'; skip_blank()) {
      if (peek() != '{') return fault(cat("expected a table, as the array began with one, found ", found()));
      Path item = path;
      TRY(add_item(item));
      TRY(read_inline_table(item));
      skip_blank();
      if (peek() == ',')
        ++at_;
      else if (peek() != ']')
        return expect(']', "the tables of an array");
    }
    ++at_;
    return {};
  }

  Result<TomlValue> read_value(size_t depth) {
    if (depth > kMaxParts) return too_deep();
    if (peek() == '"' || peek() == '\'') {
      auto string = parse_toml_string(text_, at_);
      if (!string.ok()) return fault(string.error().message);
      return TomlValue{std::move(string).value()};
    }
    if (peek() == '{') return fault("a table cannot stand here: the array holds other values");
    if (peek() == '[') return read_array(depth);
    const size_t begin = at_;
    while (is_bare(peek()) || peek() == '+' || peek() == '.' || peek() == ':') ++at_;
    const std::string_view token = text_.substr(begin, at_ - begin);
    TomlValue value;
    if (parse_toml_plain(token, value)) return value;
    at_ = begin;
    if (token.empty()) return fault(cat("expected a value, found ", found()));
    return fault(
        cat("expected a value, found ", json_quote_start(token), " (a string needs quotes; dates are not known)"));
  }

  Result<TomlValue> read_array(size_t depth) {
    std::vector<TomlValue> items;
    ++at_;
    for (skip_blank(); peek() != ']'; skip_blank()) {
      TRY_ASSIGN(TomlValue item, read_value(depth + 1));
      items.push_back(std::move(item));
      skip_blank();
      if (peek() == ',')
        ++at_;
      else if (peek() != ']')
        return fault(cat("expected ',' or ']' in an array, found ", found()));
    }
    ++at_;
    return TomlValue{std::move(items)};
  }

  std::string_view text_;
  size_t at_ = 0;
  Path table_;  // the table that the last header opened
  std::map<std::string, Made> made_;
  TomlDocument document_;
};

}  // namespace

std::string describe_toml(const TomlValue& value) {
  struct Describe {
    std::string operator()(bool v) const { return cat(v); }
    std::string operator()(int64_t v) const { return cat(v); }
    std::string operator()(double v) const { return cat(v); }
    std::string operator()(const std::string& v) const { return json_quote_start(v); }
    std::string operator()(const std::vector<TomlValue>& v) const { return cat("an array of ", v.size()); }
    std::string operator()(TomlValue::EmptyTable) const { return "a table"; }
  };
  return std::visit(Describe{}, value.data);
}

Result<TomlDocument> parse_toml(std::string_view text, std::string_view where) {
  if (text.size() > kMaxText)
    return Error::corrupt(std::string(where), cat("has ", text.size(), " bytes; expected at most ", kMaxText));
  if (!is_utf8(text)) return Error::corrupt(std::string(where), "is not UTF-8 text");
  Parser parser(text);
  if (const Status status = parser.run(); !status.ok()) return status.error().within(where);
  return parser.take();
}

// JSON's escapes are TOML's too; what JSON leaves alone and TOML does not is the delete character.
std::string toml_quote(std::string_view text) {
  std::string quoted = json_quote(text);
  for (size_t at = 0; (at = quoted.find('\x7F', at)) != quoted.npos;) quoted.replace(at, 1, "\\u007f");
  return quoted;
}

}  // namespace r1
