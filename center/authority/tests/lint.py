"""Holds certificates (*.crt) and revocation lists (*.crl), DER, of a folder against pkilint's rules; prints each finding and how many were held."""

import pathlib
import sys

from pkilint import loader, pkix
from pkilint.pkix import certificate, crl, extension, name
from pkilint.validation import ValidationFindingSeverity

certificates = certificate.create_pkix_certificate_validator_container(
    certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
    [
        certificate.create_issuer_validator_container([]),
        certificate.create_validity_validator_container(),
        certificate.create_subject_validator_container([]),
        certificate.create_extensions_validator_container([]),
        certificate.create_spki_validator_container([]),
    ],
)
lists = crl.create_pkix_crl_validator_container(
    [pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS), pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS)],
    [
        crl.create_issuer_validator_container([]),
        crl.create_validity_validator_container([]),
        crl.create_extensions_validator_container([]),
    ],
)

kinds = [("*.crt", loader.RFC5280CertificateDocumentLoader(), certificates), ("*.crl", loader.RFC5280CertificateListDocumentLoader(), lists)]
severity = ValidationFindingSeverity.NOTICE
held, found = 0, 0
for pattern, documents, rules in kinds:
    for path in sorted(pathlib.Path(sys.argv[1]).glob(pattern)):
        held += 1
        for result in rules.validate(documents.load_der_document(path.read_bytes(), path.name).root):
            for finding in result.finding_descriptions:
                if finding.finding.severity <= severity:
                    found += 1
                    print(path.name, finding.finding.severity.name, finding.finding.code, finding.message)
print(f"{held} held, {found} findings")
sys.exit(1 if found else 0)
