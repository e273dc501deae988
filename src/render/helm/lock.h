// Chart.lock: which versions Chart.yaml's ranges came to, and a digest that says whether the two still belong together.
#pragma once

#include <string>
#include <vector>

#include "render/helm/values.h"

namespace slipway::render::helm {

// "sha256:..." as Helm makes it of what Chart.yaml wants and what was locked.
std::string lock_digest(const std::vector<Dependency>& wanted, const std::vector<Dependency>& locked);

// Which Helm made the lock.
enum class LockedBy { helm3, helm2 };

// Whether the lock of a chart that has one is of what it wants; those of apiVersion v1 may have Helm 2's digest, of the
// dependencies alone. `wanted`: with @NAME replaced by addresses. Error: invalid, out of sync, in Helm's words.
Result<LockedBy> check_lock(const Chart& chart, const std::vector<Dependency>& wanted, Compat compat = Compat::helm3);

}  // namespace slipway::render::helm
