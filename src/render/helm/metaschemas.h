// The schemas of schemas that JSON Schema's drafts publish, by their addresses.
#pragma once

#include <string_view>

#include "value/value.h"

namespace slipway::render::helm {

// 4, 6, 7, 2019, 2020. Of "$schema": 0 for one that is none of them. Without the fragment, http or https.
int draft_of(std::string_view address);

// "http://json-schema.org/draft-07/schema", ".../draft/2020-12/meta/core"; null: none that is known.
const Value* metaschema(std::string_view address);
std::string_view metaschema_address(int draft);

// Whether a schema is surely one that its draft's own takes: a quick look that spares most charts the full check.
bool is_surely_schema(const Value& schema, int draft);

}  // namespace slipway::render::helm
