// These functions make pieces of HTML that is XML too.
#pragma once

#include <string>
#include <string_view>

namespace revunet::io {

// Escapes a text for an element or an attribute.
std::string escaped(std::string_view text);

// Encodes bytes as in RFC 4648.
std::string base64(std::string_view bytes);

}  // namespace revunet::io
