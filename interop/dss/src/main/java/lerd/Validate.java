package lerd;

import java.io.File;
import java.io.FileInputStream;

import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;

/**
 * Validates a container under the Commission's default policy, offline, and
 * prints a line for each signature: format, indication, sub-indication.
 *
 * Arguments: container, root of the seal, root of the time-stamping authority
 * (both DER). The exit status is 0 when the validator came to an end, whatever
 * it says.
 */
public final class Validate {
    private Validate() {
    }

    public static void main(String[] args) throws Exception {
        CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
        for (int i = 1; i < args.length; i++) {
            try (FileInputStream in = new FileInputStream(args[i])) {
                CertificateToken root = DSSUtils.loadCertificate(in);
                trusted.addCertificate(root);
            }
        }
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(trusted);
        verifier.setAIASource(null);
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(new File(args[0])));
        validator.setCertificateVerifier(verifier);
        SimpleReport report = validator.validateDocument().getSimpleReport();
        System.out.println("signatures " + report.getSignaturesCount());
        for (String id : report.getSignatureIdList()) {
            System.out.println("signature " + report.getSignatureFormat(id) + " " + report.getIndication(id) + " " + report.getSubIndication(id));
            report.getAdESValidationErrors(id).forEach(m -> System.out.println("error " + m.getValue()));
            report.getAdESValidationWarnings(id).forEach(m -> System.out.println("warning " + m.getValue()));
        }
    }
}
