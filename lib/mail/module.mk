# lib/mail, in reading order.
libposthouse_a_SOURCES += \
	lib/mail/msg.def lib/mail/records.def lib/mail/msg_words.h \
	lib/mail/msg.h lib/mail/msg.c
check_PROGRAMS += t/check_msg
libposthouse_a_SOURCES += lib/mail/dsn.h lib/mail/dsn.c
check_PROGRAMS += t/check_dsn
EXTRA_DIST += lib/base/README lib/mail/README
libposthouse_a_SOURCES += \
	lib/mail/addr.h lib/mail/addr.c lib/mail/addr_list.c
check_PROGRAMS += t/check_addr t/check_addr_vectors
libposthouse_a_SOURCES += lib/mail/header.h lib/mail/header.c
check_PROGRAMS += t/check_header
libposthouse_a_SOURCES += lib/mail/date.h lib/mail/date.c
check_PROGRAMS += t/check_date
libposthouse_a_SOURCES += lib/mail/dns_answer.h lib/mail/dns_answer.c \
	lib/mail/dns_cache.h lib/mail/dns_cache.c \
	lib/mail/dns.h lib/mail/dns.c
check_PROGRAMS += t/check_dns_answer t/check_dns_cache t/check_dns
libposthouse_a_SOURCES += \
	lib/mail/queueid.h lib/mail/queueid.c \
	lib/mail/spool.h lib/mail/spool.c \
	lib/mail/spool_format.h lib/mail/spool_format.c \
	lib/mail/spool_draft.c lib/mail/spool_read.c lib/mail/spool_journal.c
check_PROGRAMS += t/check_queueid t/check_spool
libposthouse_a_SOURCES += lib/mail/param.def lib/mail/param.h \
	lib/mail/param_rows.h lib/mail/param_rows.c \
	lib/mail/logical.h lib/mail/logical.c \
	lib/mail/param_file.c lib/mail/param_expand.c \
	lib/mail/param_default.c lib/mail/param_check.c \
	lib/mail/param_view.c lib/mail/param.c lib/mail/param_service.c \
	lib/mail/param_files.c
check_PROGRAMS += t/check_param
libposthouse_a_SOURCES += lib/mail/own.h lib/mail/own.c
check_PROGRAMS += t/check_own
libposthouse_a_SOURCES += lib/mail/route.h lib/mail/route.c
check_PROGRAMS += t/check_route
libposthouse_a_SOURCES += lib/mail/rewrite.h lib/mail/rewrite.c
check_PROGRAMS += t/check_rewrite
libposthouse_a_SOURCES += lib/mail/canonical.h lib/mail/canonical.c
check_PROGRAMS += t/check_canonical
libposthouse_a_SOURCES += lib/mail/forward.h lib/mail/forward.c
libposthouse_a_SOURCES += lib/mail/srs.h lib/mail/srs.c
check_PROGRAMS += t/check_srs
libposthouse_a_SOURCES += lib/mail/rights.h lib/mail/rights.c \
	lib/mail/rights_parts.h lib/mail/rights_files.c lib/mail/rights_calls.c
check_PROGRAMS += t/check_rights
libposthouse_a_SOURCES += lib/mail/program.h lib/mail/program.c \
	lib/mail/query.h lib/mail/query.c
libposthouse_a_SOURCES += lib/mail/lines.h lib/mail/lines.c
check_PROGRAMS += t/check_lines
libposthouse_a_SOURCES += lib/mail/maildrop.h lib/mail/maildrop.c
check_PROGRAMS += t/check_maildrop
libposthouse_a_SOURCES += lib/mail/table.h lib/mail/table_type.h \
	lib/mail/table.c lib/mail/table_find.c \
	lib/mail/source.h lib/mail/source.c lib/mail/table_text.c \
	lib/mail/table_lmdb.h lib/mail/table_lmdb.c lib/mail/table_build.c \
	lib/mail/table_rules.h lib/mail/table_rules.c \
	lib/mail/cidr.h lib/mail/cidr.c lib/mail/table_cidr.c \
	lib/mail/table_regex.c \
	lib/mail/listfile.h lib/mail/listfile.c \
	lib/mail/namelist.c lib/mail/netlist.c \
	lib/mail/domains.h lib/mail/domains.c
check_PROGRAMS += t/check_table t/check_lists t/check_lmdb
libposthouse_a_SOURCES += lib/mail/restrict.h lib/mail/restrict.c \
	lib/mail/restrict_parts.h lib/mail/restrict_words.c \
	lib/mail/restrict_dns.c \
	lib/mail/restrict_owner.c lib/mail/restrict_access.c
check_PROGRAMS += t/check_restrict t/check_restrict_dns
libposthouse_a_SOURCES += lib/mail/delivery.h lib/mail/delivery.c \
	lib/mail/peerlist.h lib/mail/peerlist.c lib/mail/trace.h lib/mail/trace.c
check_PROGRAMS += t/check_trace
check_PROGRAMS += t/check_delivery
libposthouse_a_SOURCES += lib/mail/qline.h lib/mail/qline.c
libposthouse_a_SOURCES += \
	lib/mail/smtp_hosts.h lib/mail/smtp_hosts.c \
	lib/mail/smtp_memory.h lib/mail/smtp_memory.c \
	lib/mail/smtp_resolve.h lib/mail/smtp_resolve.c
check_PROGRAMS += t/check_smtp_hosts
libposthouse_a_SOURCES += \
	lib/mail/spf_macro.h lib/mail/spf_macro.c \
	lib/mail/spf_record.h lib/mail/spf_record.c \
	lib/mail/spf.h lib/mail/spf_parts.h lib/mail/spf_name.c \
	lib/mail/spf_walk.c lib/mail/spf.c
check_PROGRAMS += t/check_spf t/check_spf_vectors
t_check_spf_SOURCES = t/check_spf.c t/spf_world.h t/spf_world.c
t_check_spf_vectors_SOURCES = t/check_spf_vectors.c \
	t/spf_world.h t/spf_world.c t/spf_second.h t/spf_second.c
t_check_spf_vectors_LDADD = $(LDADD) $(SPF2_LIBS)
EXTRA_DIST += t/spf_vectors.py t/data/spf.cases
libposthouse_a_SOURCES += \
	lib/mail/domain_ascii.h lib/mail/domain_ascii.c \
	lib/mail/org_domain.h lib/mail/org_domain.c \
	lib/mail/dmarc_record.h lib/mail/dmarc_record.c \
	lib/mail/dmarc_from.h lib/mail/dmarc_from.c \
	lib/mail/dmarc.h lib/mail/dmarc.c
check_PROGRAMS += t/check_dmarc
libposthouse_a_SOURCES += lib/mail/dmarc_report.h lib/mail/dmarc_report.c
check_PROGRAMS += t/check_dmarc_report
libposthouse_a_SOURCES += lib/mail/arc.h lib/mail/arc_set.c lib/mail/arc.c \
	lib/mail/arc_trust.h lib/mail/arc_trust.c \
	lib/mail/arc_sign.h lib/mail/arc_sign.c
check_PROGRAMS += t/check_arc t/check_arc_trust
libposthouse_a_SOURCES += \
	lib/mail/recipients_hex.h lib/mail/recipients_hex.c \
	lib/mail/recipients.h lib/mail/recipients.c lib/mail/recipients_table.c
check_PROGRAMS += t/check_recipients
libposthouse_a_SOURCES += lib/mail/tls.h lib/mail/tls.c \
	lib/mail/tls_chain.h lib/mail/tls_chain.c \
	lib/mail/tls_sign.h lib/mail/tls_sign.c \
	lib/mail/tls_tell.h lib/mail/tls_tell.c \
	lib/mail/tls_binding.h lib/mail/tls_binding.c \
	lib/mail/tls_sni.h lib/mail/tls_sni.c
check_PROGRAMS += t/check_tls
libposthouse_a_SOURCES += lib/mail/dane.h lib/mail/dane.c
check_PROGRAMS += t/check_dane
libposthouse_a_SOURCES += lib/mail/smtp_policy.h lib/mail/smtp_policy.c
check_PROGRAMS += t/check_smtp_policy
libposthouse_a_SOURCES += lib/mail/spf_check.h lib/mail/spf_check.c
libposthouse_a_SOURCES += lib/mail/authres.h lib/mail/authres.c
libposthouse_a_SOURCES += \
	lib/mail/dkim.h lib/mail/dkim_tags.c lib/mail/dkim_canon.c \
	lib/mail/dkim_signature.h lib/mail/dkim_signature.c \
	lib/mail/dkim_key_cache.h lib/mail/dkim_key_cache.c \
	lib/mail/dkim_key.h lib/mail/dkim_key.c \
	lib/mail/dkim_fields.h lib/mail/dkim_fields.c \
	lib/mail/dkim_verify.h lib/mail/dkim_verify.c \
	lib/mail/dkim_sign.h lib/mail/dkim_sign.c \
	lib/mail/dkim_files.h lib/mail/dkim_files.c
check_PROGRAMS += t/check_dkim t/check_dkim_verify t/check_dkim_second
t_check_dkim_second_SOURCES = t/check_dkim_second.c \
	t/dkim_second.h t/dkim_second.c t/dkim_world.h t/dkim_world.c
t_check_dkim_second_LDADD = $(LDADD) -ldl
check_PROGRAMS += t/check_dkim_key
t_check_dkim_key_SOURCES = t/check_dkim_key.c t/dkim_world.h t/dkim_world.c
t_check_dkim_verify_SOURCES = t/check_dkim_verify.c \
	t/dkim_world.h t/dkim_world.c
check_PROGRAMS += t/check_authres
libposthouse_a_SOURCES += lib/mail/scram.h lib/mail/scram.c \
	lib/mail/sasl.h lib/mail/sasl.c lib/mail/sasl_server.c \
	lib/mail/sasl_client.c \
	lib/mail/passfile.h lib/mail/passfile.c
check_PROGRAMS += t/check_sasl t/check_sasl_server t/check_sasl_client
libposthouse_a_SOURCES += lib/mail/sts_policy.h lib/mail/sts_policy.c
check_PROGRAMS += t/check_sts
libposthouse_a_SOURCES += lib/mail/tlsrpt.h lib/mail/tlsrpt.c
check_PROGRAMS += t/check_tlsrpt
libposthouse_a_SOURCES += lib/mail/http.h lib/mail/http.c \
	lib/mail/https.h lib/mail/https.c \
	lib/mail/sts_look.h lib/mail/sts_look.c
check_PROGRAMS += t/check_http
libposthouse_a_SOURCES += lib/mail/store.h lib/mail/store.c
libposthouse_a_SOURCES += lib/mail/smtp_encode.h lib/mail/smtp_encode.c \
	lib/mail/smtp_mime.h lib/mail/smtp_mime.c
