#include "text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>

#include "text/utf8.h"

namespace r1 {
namespace {

constexpr size_t kMaxPatternBytes = 16384;
constexpr uint32_t kMatchLimit = 10'000'000;
constexpr uint32_t kHeapLimitKib = 64 * 1024;

// Unicode's White_Space, which Oniguruma's \s is. PCRE2's own \s has U+180E as well.
constexpr std::string_view kWhiteSpace = "\\t-\\r\\x{85}\\p{Z}";

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Error refused(std::string_view where, std::string_view what) {
  return Error::invalid(std::string(where), cat("has ", what, ", which is not supported in a split pattern"));
}

// "(?" opens a group whose kind follows. Option letters mean other things in Oniguruma, or reach further; only "i:" is
// alike.
bool known_group(std::string_view after_question_mark) {
  for (const std::string_view kind : {":", "=", "!", ">", "<=", "<!", "i:"}) {
    if (after_question_mark.substr(0, kind.size()) == kind) return true;
  }
  return false;
}

// The length of an escape: "\n", or with braces "\p{L}", "\x{85}".
size_t escape_length(std::string_view source, size_t at) {
  const bool braced = std::string_view("pPx").find(source[at + 1]) != std::string_view::npos;
  if (!braced || at + 2 >= source.size() || source[at + 2] != '{') return 2;
  const size_t close = source.find('}', at);
  return (close == source.npos ? source.size() : close + 1) - at;
}

// An escape in PCRE2's dialect. A property with a long name is a script, in Oniguruma without its extensions.
std::string translate_escape(std::string_view escape, bool in_class) {
  if (escape == "\\s") return in_class ? std::string(kWhiteSpace) : cat("[", kWhiteSpace, "]");
  if (escape == "\\S" && !in_class) return cat("[^", kWhiteSpace, "]");
  const bool property = escape[1] == 'p' || escape[1] == 'P';
  if (!property || escape.size() < 7 || escape[3] == '^' || escape.substr(3) == "Any}") return std::string(escape);
  return cat(escape.substr(0, 3), "sc:", escape.substr(3));
}

// The same pattern in PCRE2's dialect.
Result<std::string> translate(std::string_view source, std::string_view where) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    const char next = i + 1 < source.size() ? source[i + 1] : '\0';
    if (c == '\\') {
      const bool known = std::string_view("pPsSdDrntfx").find(next) != std::string_view::npos && next != '\0';
      if (!known && (is_alphanumeric(next) || next == '\0')) return refused(where, cat("\"\\", next, "\""));
      const size_t length = escape_length(source, i);
      out += translate_escape(source.substr(i, length), in_class);
      i += length - 1;
      continue;
    }
    if (in_class) {
      if (c == '[') return refused(where, "a class inside a class");
      if (c == '&' && next == '&') return refused(where, "a class intersection (\"&&\")");
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      out += c;
      if (next == '^') {
        out += next;
        ++i;
      }
      if (i + 1 < source.size() && source[i + 1] == ']') return refused(where, "an empty class");
      continue;
    } else if (c == '^' || c == '$') {
      return refused(where, cat("\"", c, "\""));
    } else if (c == '(' && (next == '*' || (next == '?' && !known_group(source.substr(i + 2))))) {
      return refused(where, cat("\"", replace_invalid_utf8(source.substr(i, 4)), "\""));
    } else if (c == '}' && next == '+') {
      return refused(where, "\"}+\"");  // possessive in one dialect, repeated repetition in the other
    }
    out += c;
  }
  return out;
}

struct MatchScratch {
  explicit MatchScratch(const pcre2_code* code)
      : data(pcre2_match_data_create_from_pattern(code, nullptr)), context(pcre2_match_context_create(nullptr)) {
    CHECK(data != nullptr && context != nullptr);
    pcre2_set_match_limit(context, kMatchLimit);
    pcre2_set_heap_limit(context, kHeapLimitKib);
  }
  ~MatchScratch() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
  }
  MatchScratch(const MatchScratch&) = delete;
  MatchScratch& operator=(const MatchScratch&) = delete;

  pcre2_match_data* data;
  pcre2_match_context* context;
};

}  // namespace

struct Pattern::Code {
  explicit Code(pcre2_code* compiled) : code(compiled) {}
  ~Code() { pcre2_code_free(code); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;

  pcre2_code* code;
};

Result<Pattern> Pattern::compile(std::string_view source, std::string_view where) {
  if (source.empty()) return Error::invalid(std::string(where), "is an empty pattern");
  if (source.size() > kMaxPatternBytes)
    return Error::invalid(std::string(where),
                          cat("has ", source.size(), " bytes; at most ", kMaxPatternBytes, " are taken"));
  TRY_ASSIGN(const std::string translated, translate(source, where));
  int code = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                       PCRE2_UTF | PCRE2_UCP, &code, &offset, nullptr);
  if (compiled == nullptr) {
    PCRE2_UCHAR message[256] = {};
    pcre2_get_error_message(code, message, sizeof message);
    return Error::invalid(std::string(where),
                          cat("is not a pattern: ", reinterpret_cast<const char*>(message), " (near \"",
                              replace_invalid_utf8(translated.substr(0, offset)), "\")"));
  }
  uint32_t back_reference = 0;
  pcre2_pattern_info(compiled, PCRE2_INFO_BACKREFMAX, &back_reference);
  Pattern pattern;
  pattern.code_ = std::make_shared<const Code>(compiled);
  if (back_reference > 0) return refused(where, "a back reference");
  (void)pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);  // without it the interpreter serves
  pattern.source_ = source;
  return pattern;
}

bool Pattern::split(std::string_view text, std::vector<std::string_view>& pieces) const {
  const pcre2_code* code = code_->code;
  const MatchScratch scratch(code);
  const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  size_t done = 0;  // everything before is in `pieces`
  size_t at = 0;
  bool within_limits = true;
  while (at < text.size()) {
    int rc = pcre2_match(code, subject, text.size(), at, PCRE2_NO_UTF_CHECK, scratch.data, scratch.context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {
      rc =
          pcre2_match(code, subject, text.size(), at, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, scratch.data, scratch.context);
    }
    if (rc < 0) {
      within_limits = rc == PCRE2_ERROR_NOMATCH;
      break;
    }
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(scratch.data);
    if (ends[1] <= ends[0]) {  // an empty match cuts nothing off
      at = std::max(at, ends[1]);
      if (at < text.size()) at += decode_utf8(text, at).bytes;
      continue;
    }
    if (ends[0] > done) pieces.push_back(text.substr(done, ends[0] - done));
    pieces.push_back(text.substr(ends[0], ends[1] - ends[0]));
    done = at = ends[1];
  }
  if (done < text.size()) pieces.push_back(text.substr(done));
  return within_limits;
}

}  // namespace r1
