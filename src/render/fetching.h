// render() for those who may fetch: what a kustomization names and its tree does not hold is got through sources, and
// the kustomization built again with it.
#pragma once

#include "render/kustomize/remote.h"
#include "render/render.h"

namespace slipway::render {

enum class Where { here, on_pool };  // on_pool: nobody changes the catalog meanwhile

// `request.remotes` is set here. `has_fetched`: whether anything came from elsewhere, or was to: it may be another next
// time. Errors: those of render() and fetch_remote().
Task<Result<Rendered>> render_fetching(World& world, sources::Repositories& repositories, RenderRequest request,
                                       kustomize::FetchRules rules, Where where, bool* has_fetched = nullptr);

}  // namespace slipway::render
