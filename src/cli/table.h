#pragma once

#include <string>
#include <vector>

namespace slipway::cli {

// Rows of equal columns, three spaces apart, as kubectl prints them; the last column as long as it is.
std::vector<std::string> table(const std::vector<std::vector<std::string>>& rows);
void print_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace slipway::cli
