// Pieces of HTML that is XML too.
#pragma once

#include <string>
#include <string_view>

namespace revunet::io {

// Text for an element or an attribute.
std::string escaped(std::string_view text);

// RFC 4648.
std::string base64(std::string_view bytes);

}  // namespace revunet::io
