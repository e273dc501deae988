// `edit fix --vars`: each var becomes a replacement, each $(NAME) in the files of resources and patches a placeholder
// that the replacement writes over.
#pragma once

#include <map>
#include <string>

#include "render/kustomize/folder.h"
#include "value/value.h"

namespace slipway::render::kustomize {

// Changes `fields`; gives the new texts of files, by path as seen from the folder. Errors: those of Folder::read;
// invalid where a $(NAME) cannot be told from the text around it.
Result<std::map<std::string, std::string>> fix_vars(Value& fields, const Folder& folder);

}  // namespace slipway::render::kustomize
