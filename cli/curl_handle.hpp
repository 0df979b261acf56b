// What every request of stormctl sets on its curl handle: address, token, certificates, limits.
#pragma once
#include <curl/curl.h>

#include <string>

#include "cli/client.hpp"

namespace storm::cli {

// Header lines to send with each request; the caller frees them with curl_slist_free_all.
curl_slist* request_headers(const ClientOptions& options);
void prepare(CURL* curl, const ClientOptions& options, const std::string& path);
// A request that got no answer, as one line that names the address.
ErrorBlock unreachable(CURL* curl, CURLcode code, const ClientOptions& options);

}  // namespace storm::cli
