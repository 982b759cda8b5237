#include "format/html.h"

#include <gtest/gtest.h>

namespace r1 {
namespace {

TEST(HtmlEscape, NothingActiveIsLeft) {
  EXPECT_EQ(html_escape("<a href=\"x\" id='y'>&amp;</a>"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
  EXPECT_EQ(html_escape("plain \xC3\xA9 \xE4\xBD\xA0 \xF0\x9F\x98\x80\n\t"),
            "plain \xC3\xA9 \xE4\xBD\xA0 \xF0\x9F\x98\x80\n\t");
  EXPECT_EQ(html_escape(""), "");
}

TEST(HtmlEscape, BadBytesAndControlsAreReplaced) {
  EXPECT_EQ(html_escape(std::string_view("a\0b\x1B\x7F", 5)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(html_escape("\xC3"), "\xEF\xBF\xBD");
  EXPECT_EQ(html_escape("\xC3<"), "\xEF\xBF\xBD&lt;");  // the half character swallows nothing
}

TEST(JsonForScript, CannotLeaveTheScript) {
  EXPECT_EQ(json_for_script(R"({"a":"</script><!-- & -->"})"),
            R"({"a":"\u003c/script\u003e\u003c!-- \u0026 --\u003e"})");
  EXPECT_EQ(json_for_script("\"\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA\""), "\"\\u2028\\u2029\xE2\x80\xAA\"");
  EXPECT_EQ(json_for_script("[1,\"\xE2\x80"), "[1,\"\xE2\x80");
}

}  // namespace
}  // namespace r1
