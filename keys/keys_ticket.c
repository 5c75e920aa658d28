/*
 * SPDX-License-Identifier: BSD-2-Clause
 */

#include "keys_ticket.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "log.h"
#include "msg.h"
#include "tls.h"

#define SECRET 32

static struct {
	uint8_t bytes[SECRET];
	bool made;
} secrets[2]; /* in force, and the last one */

void
keys_ticket_renew(void)
{
	secrets[1] = secrets[0];
	secrets[0].made = true;
	if (RAND_bytes(secrets[0].bytes, SECRET) != 1)
		log_fatal("no random numbers: %s", tls_reason());
}

/* HMAC-SHA256 of the service's name and of what it is for. */
static void
derive(uint8_t out[SECRET], const uint8_t secret[SECRET], const char *service,
    char what)
{
	CLEAN_BUF struct buf label = { 0 };
	unsigned int len = SECRET;

	buf_addf(&label, "%c%s", what, service);
	if (HMAC(EVP_sha256(), secret, SECRET,
		(const unsigned char *)label.text, label.len, out,
		&len) == NULL)
		log_fatal("HMAC: %s", tls_reason());
}

bool
keys_ticket_put(struct buf *packet, const char *service, bool last)
{
	uint8_t name[SECRET], cipher[SECRET], mac[SECRET];

	if (!secrets[last].made)
		return false;
	derive(name, secrets[last].bytes, service, 'n');
	derive(cipher, secrets[last].bytes, service, 'c');
	derive(mac, secrets[last].bytes, service, 'm');
	msg_put_ticket(packet,
	    &(struct msg_ticket){
		.name = { (const char *)name, 16 },
		.cipher = { (const char *)cipher, SECRET },
		.mac = { (const char *)mac, SECRET },
	    });
	OPENSSL_cleanse(cipher, sizeof(cipher));
	OPENSSL_cleanse(mac, sizeof(mac));
	return true;
}
