// What people read when a remote refuses them.
#include "sources/access.h"

#include <doctest/doctest.h>

#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::sources;

namespace {

void check(const char* url, const Credentials& credentials, const char* said_by_git, ErrorKind kind, const char* start,
           Asker asker = Asker::server) {
  Error error = explain_refusal(git_error(said_by_git), *parse_url(url), credentials, asker);
  CHECK_MESSAGE(error.message().starts_with(start), error.message());
  CHECK(error.kind() == kind);
}

const Credentials kPassword{.username = "ann", .password = "s3cret", .origin = "Secret argocd/private"};
const Credentials kKey{.ssh_private_key = "KEY", .origin = "Secret argocd/deploy"};

}  // namespace

TEST_CASE("a refusal says what was tried and what to do") {
  const char* asked = "fatal: could not read Username for 'https://h': terminal prompts disabled\n";
  check("https://h/r", {}, asked, ErrorKind::unauthorized, "authentication required: no Secret in namespace argocd");
  check("https://h/r", kPassword, asked, ErrorKind::unauthorized,
        "authentication failed: the server refused the username and password of Secret argocd/private");
  check("https://ann:x@h/r", {}, asked, ErrorKind::unauthorized,
        "authentication failed: the server refused what stands in the URL");
  check("https://h:8443/r", {},
        "fatal: unable to access 'https://h:8443/r/': server certificate verification failed. CAfile: none",
        ErrorKind::unauthorized,
        "unable to access 'https://h:8443/r/': server certificate verification failed. CAfile: none; put the "
        "certificate of h's authority into ConfigMap argocd/argocd-tls-certs-cm under the key h, or set");
  const char* denied =
      "git@h: Permission denied (publickey).\r\nfatal: Could not read from remote repository.\n\nPlease make sure you "
      "have the correct access rights\nand the repository exists.\n";
  check("git@h:r", kKey, denied, ErrorKind::unauthorized,
        "git@h: Permission denied (publickey).; the server refused the sshPrivateKey of Secret argocd/deploy");
  check("git@h:r", {}, denied, ErrorKind::unauthorized,
        "git@h: Permission denied (publickey).; no Secret in namespace argocd");
  check("ssh://git@h:2222/r", kKey,
        "@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@\nSomeone could be eavesdropping\n"
        "Offending ED25519 key in /x:1\nHost key for [h]:2222 has changed and you have requested strict checking.\r\n"
        "Host key verification failed.\r\nfatal: Could not read from remote repository.\n",
        ErrorKind::unauthorized,
        "Host key for [h]:2222 has changed and you have requested strict checking.; Host key verification failed.; the "
        "host key of h must stand in ConfigMap argocd/argocd-ssh-known-hosts-cm, key ssh_known_hosts");
  check("https://h/r", kPassword, "fatal: repository 'https://h/r/' not found\n", ErrorKind::not_found,
        "repository 'https://h/r/' not found");
}

TEST_CASE("a person is told to set their own git right, not a cluster") {
  auto to_person = [](const char* url, const char* said_by_git, const char* start) {
    check(url, {}, said_by_git, ErrorKind::unauthorized, start, Asker::person);
  };
  to_person("https://ann@h/r", "fatal: could not read Password for 'https://ann@h': terminal prompts disabled\n",
            "authentication required: git asks nobody here, and none of its credential helpers knows a password for h");
  to_person(
      "https://h:8443/r", "fatal: unable to access 'https://h:8443/r/': server certificate verification failed.",
      "unable to access 'https://h:8443/r/': server certificate verification failed.; tell git the certificate of "
      "its authority: git config --global http.https://h:8443/.sslCAInfo FILE");
  to_person("git@h:r", "Host key verification failed.\r\nfatal: Could not read from remote repository.\n",
            "Host key verification failed.; connect once by hand and compare its key: ssh -T git@h");
  to_person("ssh://git@h:2222/r", "git@h: Permission denied (publickey).\r\n",
            "git@h: Permission denied (publickey).; git asks for no passphrase here; this must work by itself: ssh -o "
            "BatchMode=yes -T ssh://git@h:2222");
}

TEST_CASE("keys that a git left which was killed are removed: the server's at once, a person's after an hour") {
  for (Asker asker : {Asker::server, Asker::person}) {
    sim::SimWorld world(1);
    runtime::Files& files = world.files();
    REQUIRE(files.make_directories("/data/keys", 0700).has_value());
    auto write = [&](const char* name) { REQUIRE(files.write_atomically(fmt::format("/data/keys/{}", name), "x")); };
    for (const char* name : {"ssh-key-1", "tls-key-1", "tls-0123", "hosts-0123", "ca-0123"}) write(name);
    world.run_for(2h);
    write("ssh-key-2");
    Git git(world, {});
    Access access(world, git, "/data", asker);
    std::vector<std::string> left{"ca-0123", "hosts-0123", "tls-0123"};
    if (asker == Asker::person) left.insert(left.begin() + 2, "ssh-key-2");
    CHECK(files.list("/data/keys") == left);
  }
}

TEST_CASE("what turns those away who ask, and what is said on the way or of a commit") {
  auto away = [](const char* words) { return is_turned_away(git_error(words)); };
  for (const char* words :
       {"fatal: Authentication failed for 'https://h/r/'", "fatal: repository 'https://h/r/' not found",
        "fatal: could not read Username for 'https://h': terminal prompts disabled",
        "fatal: unable to access 'https://h/r/': The requested URL returned error: 403",
        "error: RPC failed; HTTP 404 curl 22 The requested URL returned error: 404",
        "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
        "ERROR: Repository not found.\nfatal: Could not read from remote repository.",
        "fatal: '/srv/none' does not appear to be a git repository"})
    CHECK_MESSAGE(away(words), words);
  for (const char* words :
       {"fatal: unable to access 'https://h/r/': CONNECT tunnel failed, response 403",
        "fatal: unable to access 'https://h/r/': Received HTTP code 403 from proxy after CONNECT",
        "fatal: unable to access 'https://h/r/': The requested URL returned error: 502",
        "fatal: unable to access 'https://h/r/': The requested URL returned error: 407",
        "fatal: unable to access 'https://h/r/': Could not resolve host: h", "Host key verification failed.",
        "fatal: unable to access 'https://h/r/': SSL certificate problem: self-signed certificate",
        "fatal: remote error: upload-pack: not our ref 1111", "fatal: couldn't find remote ref refs/heads/x"})
    CHECK_MESSAGE(!away(words), words);
}
