// Text made safe for a place inside an HTML page.
#pragma once
#include <string>
#include <string_view>

namespace r1 {

// For element text and for attribute values in either kind of quotes: & < > " ' become character references. Bytes that
// are not UTF-8 become U+FFFD, and so do control characters that HTML does not allow.
std::string html_escape(std::string_view text);

// For a JSON document inside <script>: no "<", ">" or "&" stays, so neither "</script>" nor "<!--" can arise, and no
// U+2028 or U+2029, which end a line in older JavaScript. The result is the same JSON value.
// REQUIRES: `json` is JSON (there, all of these occur in strings only).
std::string json_for_script(std::string_view json);

}  // namespace r1
