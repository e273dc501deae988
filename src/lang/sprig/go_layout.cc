#include "lang/sprig/go_layout.h"

namespace slipway::lang::sprig {

Chunk next_chunk(std::string_view layout) {
  auto starts = [&layout](size_t i, std::string_view s) { return layout.substr(i).starts_with(s); };
  auto chunk = [&layout](size_t i, size_t n, Std std) {
    return Chunk{layout.substr(0, i), std, layout.substr(i, n), layout.substr(i + n), 0, '.'};
  };
  auto lower_follows = [&layout](size_t i) { return i < layout.size() && layout[i] >= 'a' && layout[i] <= 'z'; };
  for (size_t i = 0; i < layout.size(); ++i) {
    switch (layout[i]) {
      case 'J':
        if (starts(i, "January")) return chunk(i, 7, Std::long_month);
        if (starts(i, "Jan") && !lower_follows(i + 3)) return chunk(i, 3, Std::month);
        break;
      case 'M':
        if (starts(i, "Monday")) return chunk(i, 6, Std::long_weekday);
        if (starts(i, "Mon") && !lower_follows(i + 3)) return chunk(i, 3, Std::weekday);
        if (starts(i, "MST")) return chunk(i, 3, Std::zone);
        break;
      case '0':
        if (starts(i, "002")) return chunk(i, 3, Std::zero_year_day);
        if (i + 1 < layout.size() && layout[i + 1] >= '1' && layout[i + 1] <= '6') {
          static constexpr Std by[] = {Std::zero_month,  Std::zero_day,    Std::zero_hour12,
                                       Std::zero_minute, Std::zero_second, Std::year};
          return chunk(i, 2, by[layout[i + 1] - '1']);
        }
        break;
      case '1':
        if (starts(i, "15")) return chunk(i, 2, Std::hour);
        return chunk(i, 1, Std::number_month);
      case '2':
        if (starts(i, "2006")) return chunk(i, 4, Std::long_year);
        return chunk(i, 1, Std::day);
      case '_':
        if (starts(i, "_2006")) return chunk(i + 1, 4, Std::long_year);
        if (starts(i, "_2")) return chunk(i, 2, Std::blank_day);
        if (starts(i, "__2")) return chunk(i, 3, Std::blank_year_day);
        break;
      case '3':
        return chunk(i, 1, Std::hour12);
      case '4':
        return chunk(i, 1, Std::minute);
      case '5':
        return chunk(i, 1, Std::second);
      case 'P':
        if (starts(i, "PM")) return chunk(i, 2, Std::upper_pm);
        break;
      case 'p':
        if (starts(i, "pm")) return chunk(i, 2, Std::lower_pm);
        break;
      case '-':
        if (starts(i, "-070000")) return chunk(i, 7, Std::figures_seconds);
        if (starts(i, "-07:00:00")) return chunk(i, 9, Std::figures_colon_seconds);
        if (starts(i, "-0700")) return chunk(i, 5, Std::figures);
        if (starts(i, "-07:00")) return chunk(i, 6, Std::figures_colon);
        if (starts(i, "-07")) return chunk(i, 3, Std::figures_short);
        break;
      case 'Z':
        if (starts(i, "Z070000")) return chunk(i, 7, Std::iso_seconds);
        if (starts(i, "Z07:00:00")) return chunk(i, 9, Std::iso_colon_seconds);
        if (starts(i, "Z0700")) return chunk(i, 5, Std::iso);
        if (starts(i, "Z07:00")) return chunk(i, 6, Std::iso_colon);
        if (starts(i, "Z07")) return chunk(i, 3, Std::iso_short);
        break;
      case '.':
      case ',':
        if (i + 1 < layout.size() && (layout[i + 1] == '0' || layout[i + 1] == '9')) {
          char digit = layout[i + 1];
          size_t j = i + 1;
          while (j < layout.size() && layout[j] == digit) ++j;
          if (j >= layout.size() || layout[j] < '0' || layout[j] > '9') {
            Chunk c = chunk(i, j - i, digit == '0' ? Std::fraction_zeros : Std::fraction_nines);
            c.digits = static_cast<int>(j - i - 1);
            c.point = layout[i];
            return c;
          }
        }
        break;
      default:
        break;
    }
  }
  return {layout, Std::none, {}, {}, 0, '.'};
}

}  // namespace slipway::lang::sprig
