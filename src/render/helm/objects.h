// The objects that templates see beside .Values, with the Go types that they have in Helm.
#pragma once

#include "lang/gotemplate/any.h"
#include "render/helm/engine.h"

namespace slipway::render::helm {

const lang::gotemplate::Type& values_type(Compat compat);  // chartutil.Values, common.Values
bool is_values_method(std::string_view name);              // ".Values.AsMap" is no key

lang::gotemplate::Any chart_object(lang::gotemplate::Heap& heap, const Chart& chart, Compat compat);
lang::gotemplate::Any files_object(lang::gotemplate::Heap& heap, const Chart& chart);
lang::gotemplate::Any capabilities_object(lang::gotemplate::Heap& heap, const Capabilities& capabilities,
                                          Compat compat);
lang::gotemplate::Any helm_version_object(lang::gotemplate::Heap& heap, Compat compat);  // a version.BuildInfo
lang::gotemplate::Any release_object(lang::gotemplate::Heap& heap, const ReleaseInfo& release);

}  // namespace slipway::render::helm
