#ifndef NNI_REST_AZURE_SIGN_H
#define NNI_REST_AZURE_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"

/*
 * Signatures of Azure Storage, as Microsoft's "Authorize with Shared Key" and
 * "Create a service SAS" have them, for the services Blob and File.
 */
struct azure_key {
	const char *account;
	const char *key; /* base64, as Azure shows it */
};

/*
 * What is signed of a request: `url` as it is sent, `headers` as lines of
 * curl_line(), of which none may be "Date"; x-ms-date is one of them.
 */
void azure_string_to_sign(struct buf *out, const char *account,
    const char *method, const char *url, const struct buf *headers,
    size_t body_len);
/* Appends the signature of a text, in base64.  0; or -1 with err, which does
   not show the key: it is no base64. */
int azure_signature(struct buf *out, const struct azure_key *k,
    const char *text, size_t len, struct buf *err);

enum azure_service { AZURE_BLOB, AZURE_FILE };
/*
 * Appends a query, without '?', with which whoever has it may read `path`
 * ("/container/a/b" or "/share/a/b") until expiry_ms (Unix), by https alone
 * unless `http`.  0, or -1 with err.
 */
int azure_read_sas(struct buf *out, const struct azure_key *k,
    enum azure_service service, const char *path, int64_t expiry_ms, bool http,
    struct buf *err);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7). */
void azure_date(struct buf *out, int64_t ms);

#endif
