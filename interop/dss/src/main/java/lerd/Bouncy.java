package lerd;

import java.io.FileOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Security;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Collection;

import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSProcessableFile;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyAgreeEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.tsp.TimeStampToken;
import org.bouncycastle.util.Store;

/**
 * A second opinion by BouncyCastle.
 *
 * verify SIGNATURE CONTENT: the detached signature holds, and its time stamp is
 * over it. decrypt EC|RSA KEY(PKCS#8 DER) IN OUT: opens either form of
 * encryption with the key.
 */
public final class Bouncy {
    private static final ASN1ObjectIdentifier STAMP = new ASN1ObjectIdentifier("1.2.840.113549.1.9.16.2.14");

    private Bouncy() {
    }

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        if (args[0].equals("verify")) {
            verify(Path.of(args[1]), Path.of(args[2]));
            return;
        }
        PrivateKey key = KeyFactory.getInstance(args[1]).generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of(args[2]))));
        decrypt(key, Files.readAllBytes(Path.of(args[3])), args[4]);
    }

    private static void verify(Path signature, Path content) throws Exception {
        CMSSignedData signed = new CMSSignedData(new CMSProcessableFile(content.toFile()), Files.readAllBytes(signature));
        Store<X509CertificateHolder> certs = signed.getCertificates();
        for (SignerInformation signer : signed.getSignerInfos().getSigners()) {
            Collection<X509CertificateHolder> found = certs.getMatches(signer.getSID());
            X509CertificateHolder cert = found.iterator().next();
            System.out.println("signature " + signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(cert)));
            Attribute stamp = signer.getUnsignedAttributes().get(STAMP);
            TimeStampToken token = new TimeStampToken(new CMSSignedData(stamp.getAttrValues().getObjectAt(0).toASN1Primitive().getEncoded()));
            X509CertificateHolder authority = (X509CertificateHolder) token.getCertificates().getMatches(token.getSID()).iterator().next();
            token.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(authority));
            byte[] sum = MessageDigest.getInstance("SHA-256").digest(signer.getSignature());
            System.out.println("stamp " + Arrays.equals(sum, token.getTimeStampInfo().getMessageImprintDigest()));
        }
    }

    private static void decrypt(PrivateKey key, byte[] der, String out) throws Exception {
        RecipientInformationStore store;
        boolean authentic = true;
        try {
            store = new CMSAuthEnvelopedData(der).getRecipientInfos();
        } catch (Exception e) {
            authentic = false;
            store = new CMSEnvelopedData(der).getRecipientInfos();
        }
        for (RecipientInformation r : store.getRecipients()) {
            try (FileOutputStream to = new FileOutputStream(out)) {
                to.write(r.getContent(recipient(key, authentic)));
                System.out.println("opened " + (authentic ? "authenticated" : "plain"));
                return;
            } catch (Exception e) {
                System.out.println("not this recipient: " + e.getMessage());
            }
        }
    }

    private static org.bouncycastle.cms.Recipient recipient(PrivateKey key, boolean authentic) {
        boolean rsa = key.getAlgorithm().equals("RSA");
        if (authentic) {
            return rsa ? new JceKeyTransAuthEnvelopedRecipient(key).setProvider("BC") : new JceKeyAgreeAuthEnvelopedRecipient(key).setProvider("BC");
        }
        return rsa ? new JceKeyTransEnvelopedRecipient(key).setProvider("BC") : new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC");
    }
}
