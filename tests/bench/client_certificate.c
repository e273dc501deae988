// Preloaded into h2load (LD_PRELOAD), which has no option for it: every TLS context shows the certificate of CLIENT_PEM.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/ssl.h>
#include <stdlib.h>

SSL_CTX* SSL_CTX_new(const SSL_METHOD* method) {
  SSL_CTX* (*real)(const SSL_METHOD*) = (SSL_CTX * (*)(const SSL_METHOD*)) dlsym(RTLD_NEXT, "SSL_CTX_new");
  SSL_CTX* context = real(method);
  const char* file = getenv("CLIENT_PEM");
  if (context && file &&
      (SSL_CTX_use_certificate_chain_file(context, file) != 1 || SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) != 1))
    abort();  // a figure without the check would be another figure
  return context;
}
