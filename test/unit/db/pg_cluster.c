/* SPDX-License-Identifier: Apache-2.0 */
#include "pg_cluster.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"

static char bin_dir[128];

/* Debian keeps the programs out of the path, by version: the newest wins. */
static bool
find_bin_dir(void)
{
    DIR *dir = opendir("/usr/lib/postgresql");
    int best = 0;

    if (dir == NULL)
        return false;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        int version = (int)strtol(e->d_name, NULL, 10);
        char path[512];

        snprintf(path, sizeof(path), "/usr/lib/postgresql/%s/bin/initdb", e->d_name);
        if (version > best && access(path, X_OK) == 0) {
            best = version;
            snprintf(bin_dir, sizeof(bin_dir), "/usr/lib/postgresql/%d/bin", version);
        }
    }
    closedir(dir);
    return best > 0;
}

bool
pg_cluster_is_possible(void)
{
    return find_bin_dir();
}

NORETURN static void
fail(const char *what)
{
    fprintf(stderr, "private PostgreSQL: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* With what PostgreSQL said. */
NORETURN static void
fail_with_log(const struct pg_cluster *cluster, const char *what)
{
    char path[128], text[4096];
    ssize_t len;
    int fd;

    snprintf(path, sizeof(path), "%s/log", cluster->dir);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    len = fd < 0 ? 0 : read(fd, text, sizeof(text));
    fprintf(stderr, "private PostgreSQL: %s:\n%.*s", what, len > 0 ? (int)len : 0, text);
    exit(1);
}

static void
write_file(const struct pg_cluster *cluster, const char *name, BIO *from)
{
    const struct passwd *user = getpwnam("postgres");
    char path[128];
    char *data = NULL;
    long len = BIO_get_mem_data(from, &data);
    int fd;

    snprintf(path, sizeof(path), "%s/%s", cluster->dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, (size_t)len) != len ||
        (getuid() == 0 && fchown(fd, user->pw_uid, user->pw_gid) != 0))
        fail(name);
    close(fd);
    BIO_free(from);
}

/* A key and a certificate that it signed itself. */
static void
make_certificate(const struct pg_cluster *cluster)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = X509_get_subject_name(cert);
    BIO *key_pem = BIO_new(BIO_s_mem()), *cert_pem = BIO_new(BIO_s_mem());

    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600L * 24);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
                               0);
    X509_set_issuer_name(cert, name);
    X509_set_pubkey(cert, key);
    if (!X509_sign(cert, key, EVP_sha256()) || !PEM_write_bio_X509(cert_pem, cert) ||
        !PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL))
        fail("no certificate");
    write_file(cluster, "server.crt", cert_pem);
    write_file(cluster, "server.key", key_pem);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* In the child: no longer root, which PostgreSQL refuses, and gone when the test program is. */
static void
become_postgres(const struct passwd *user)
{
    if (getuid() == 0 &&
        (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
}

/* PostgreSQL's programs look for each other beside the path in argv[0]; a bare name they would look
 * up in PATH, where Debian doesn't put them. */
static void
exec_by_path(char *program, char *const argv[])
{
    char *args[32] = {program};

    for (size_t i = 1; i < COUNTOF(args) - 1 && argv[i] != NULL; i++)
        args[i] = argv[i];
    execv(program, args);
}

static pid_t
spawn(const struct pg_cluster *cluster, char *const argv[])
{
    const struct passwd *user = getpwnam("postgres");
    char log_path[128], program[256];
    pid_t pid;

    if (getuid() == 0 && user == NULL)
        fail("no user postgres");
    snprintf(log_path, sizeof(log_path), "%s/log", cluster->dir);
    snprintf(program, sizeof(program), "%s/%s", bin_dir, argv[0]);
    pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

        become_postgres(user);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        if (chdir("/") == 0)
            exec_by_path(program, argv);
        _exit(127);
    }
    return pid;
}

/* A free port below those that the system gives to outgoing connections, which would take it before
 * the server has started. */
static int
find_port(void)
{
    for (int i = 0; i < 1000; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in address = {.sin_family = AF_INET};
        uint16_t chance = 0;
        int port = 0;
        bool free_now = false;

        random_bytes(&chance, sizeof(chance));
        port = 10000 + chance % 22000;
        address.sin_port = htons((uint16_t)port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        free_now = bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
        close(fd);
        if (free_now)
            return port;
    }
    fail("no free port");
}

void
pg_cluster_create(struct pg_cluster *cluster)
{
    const struct passwd *user = getpwnam("postgres");
    char data[96];
    int status = 0;
    char arg[][24] = {"initdb", "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"};

    *cluster = (struct pg_cluster){.dir = "/tmp/cairn-pg-XXXXXX"};
    if (!find_bin_dir() || mkdtemp(cluster->dir) == NULL)
        fail("no place for it");
    if (getuid() == 0 && (user == NULL || chown(cluster->dir, user->pw_uid, user->pw_gid) != 0))
        fail("chown");
    cluster->port = find_port();
    snprintf(cluster->url, sizeof(cluster->url), "postgres://postgres@/postgres?host=%s&port=%d",
             cluster->dir, cluster->port);
    snprintf(cluster->tls_url, sizeof(cluster->tls_url),
             "postgres://postgres@127.0.0.1:%d/postgres?sslmode=require", cluster->port);
    make_certificate(cluster);
    snprintf(data, sizeof(data), "%s/data", cluster->dir);

    char *argv[] = {arg[0], arg[1], arg[2], arg[3],         arg[4], arg[5],
                    arg[6], arg[7], arg[8], (char[]){"-D"}, data,   NULL};
    pid_t pid = spawn(cluster, argv);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        fail_with_log(cluster, "initdb");
}

void
pg_cluster_spawn(struct pg_cluster *cluster)
{
    char data[96], port[16], cert[128], key[128];
    char arg[][40] = {"postgres",  "-D",
                      "-k",        "-p",
                      "-c",        "listen_addresses=127.0.0.1",
                      "fsync=off", "max_connections=50",
                      "ssl=on",    "wal_writer_delay=10000"};

    snprintf(data, sizeof(data), "%s/data", cluster->dir);
    snprintf(port, sizeof(port), "%d", cluster->port);
    snprintf(cert, sizeof(cert), "ssl_cert_file=%s/server.crt", cluster->dir);
    snprintf(key, sizeof(key), "ssl_key_file=%s/server.key", cluster->dir);
    char *argv[] = {arg[0], arg[1], data,   arg[2], cluster->dir, arg[3], port,   arg[4],
                    arg[5], arg[4], arg[6], arg[4], arg[7],       arg[4], arg[8], arg[4],
                    cert,   arg[4], key,    arg[4], arg[9],       NULL};
    cluster->pid = spawn(cluster, argv);
}

void
pg_cluster_start(struct pg_cluster *cluster)
{
    pg_cluster_spawn(cluster);
    for (int i = 0; i < 1000; i++) {
        if (PQping(cluster->url) == PQPING_OK)
            return;
        usleep(20000);
    }
    fail_with_log(cluster, "it does not answer");
}

void
pg_cluster_stop(struct pg_cluster *cluster, int signal)
{
    int status = 0;

    if (cluster->pid == 0)
        return;
    kill(cluster->pid, signal);
    waitpid(cluster->pid, &status, 0);
    cluster->pid = 0;
}

static void
remove_tree(const char *path)
{
    DIR *dir = opendir(path);

    if (dir != NULL) {
        for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
            char child[4096];

            if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                continue;
            snprintf(child, sizeof(child), "%s/%s", path, e->d_name);
            if (e->d_type == DT_DIR)
                remove_tree(child);
            else
                unlink(child);
        }
        closedir(dir);
    }
    rmdir(path);
}

void
pg_cluster_destroy(struct pg_cluster *cluster)
{
    pg_cluster_stop(cluster, SIGQUIT);
    remove_tree(cluster->dir);
}

PGconn *
pg_cluster_connect(const struct pg_cluster *cluster)
{
    PGconn *pq = PQconnectdb(cluster->url);

    if (PQstatus(pq) != CONNECTION_OK) {
        fprintf(stderr, "private PostgreSQL: %s", PQerrorMessage(pq));
        exit(1);
    }
    return pq;
}

static PGresult *
query(const struct pg_cluster *cluster, PGconn *pq, const char *sql)
{
    PGresult *res = PQexec(pq, sql);
    ExecStatusType status = PQresultStatus(res);

    (void)cluster;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fprintf(stderr, "private PostgreSQL: %s%s\n", PQerrorMessage(pq), sql);
        exit(1);
    }
    return res;
}

void
pg_cluster_exec(const struct pg_cluster *cluster, const char *sql)
{
    PGconn *pq = pg_cluster_connect(cluster);

    PQsetNoticeProcessor(pq, NULL, NULL);
    PQclear(query(cluster, pq, sql));
    PQfinish(pq);
}

const char *
pg_cluster_value(const struct pg_cluster *cluster, const char *sql)
{
    static char value[4096];
    PGconn *pq = pg_cluster_connect(cluster);
    PGresult *res = query(cluster, pq, sql);

    snprintf(value, sizeof(value), "%s", PQntuples(res) > 0 ? PQgetvalue(res, 0, 0) : "");
    PQclear(res);
    PQfinish(pq);
    return value;
}
