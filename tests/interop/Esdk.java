// The AWS Encryption SDK for Java, with the Material Providers Library, as a co-process. Requests, answers and keyrings are those of
// esdk.mjs; to decrypt, the context that must be the message's comes with the request. Run as a source file: java Esdk.java KMS-ENDPOINT

import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CommitmentPolicy;
import com.amazonaws.encryptionsdk.CryptoAlgorithm;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.cryptography.keystore.KeyStore;
import software.amazon.cryptography.keystore.model.KMSConfiguration;
import software.amazon.cryptography.keystore.model.KeyStoreConfig;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.MaterialProviders;
import software.amazon.cryptography.materialproviders.model.*;

final class Esdk {
  private final MaterialProviders providers =
      MaterialProviders.builder().MaterialProvidersConfig(MaterialProvidersConfig.builder().build()).build();
  private final Map<String, KmsClient> clients = new HashMap<>();
  private final Function<String, KmsClient> kmsIn;

  private Esdk(URI endpoint) {
    kmsIn = region -> clients.computeIfAbsent(
        region, name -> KmsClient.builder().endpointOverride(endpoint).region(Region.of(name)).build());
  }

  private static String text(JsonNode node, String member) { return node.field(member).map(JsonNode::text).orElse(null); }
  private static byte[] bytes(String base64) { return Base64.getDecoder().decode(base64); }
  private static ByteBuffer file(JsonNode says, String member) {
    return says.field(member).map(found -> ByteBuffer.wrap(bytes(found.text()))).orElse(null);
  }
  private static List<String> texts(JsonNode node, String member) {
    return node.field(member).get().asArray().stream().map(JsonNode::text).collect(Collectors.toList());
  }
  private static String regionOf(String arn) { return arn.split(":")[3]; }
  private static DiscoveryFilter filterOf(JsonNode says) {
    return DiscoveryFilter.builder().accountIds(texts(says, "accounts")).partition("aws").build();
  }

  private IKeyring keyringOf(JsonNode says) {
    String key = text(says, "key");
    switch (text(says, "type")) {
      case "raw-aes": return rawAes(says, file(says, "key_file"));
      case "raw-rsa": return rawRsa(says);
      case "kms": return providers.CreateAwsKmsKeyring(
          CreateAwsKmsKeyringInput.builder().kmsKeyId(key).kmsClient(kmsIn.apply(regionOf(key))).build());
      case "kms-mrk": return providers.CreateAwsKmsMrkKeyring(
          CreateAwsKmsMrkKeyringInput.builder().kmsKeyId(key).kmsClient(kmsIn.apply(regionOf(key))).build());
      case "kms-mrk-multi": return providers.CreateAwsKmsMrkMultiKeyring(CreateAwsKmsMrkMultiKeyringInput.builder()
          .generator(text(says, "generator")).kmsKeyIds(texts(says, "children")).clientSupplier(in -> kmsIn.apply(in.region())).build());
      case "kms-discovery": return providers.CreateAwsKmsDiscoveryKeyring(CreateAwsKmsDiscoveryKeyringInput.builder()
          .kmsClient(kmsIn.apply(texts(says, "regions").get(0))).discoveryFilter(filterOf(says)).build());
      case "kms-mrk-discovery": return mrkDiscovery(says, texts(says, "regions").get(0));
      case "branch-key": return branchKey(says, key);
      case "multi": return providers.CreateMultiKeyring(CreateMultiKeyringInput.builder().generator(keyringOf(says.field("generator").get()))
          .childKeyrings(says.field("children").get().asArray().stream().map(this::keyringOf).collect(Collectors.toList())).build());
      default: throw new IllegalArgumentException("no such keyring here");
    }
  }

  private IKeyring rawAes(JsonNode says, ByteBuffer key) {
    return providers.CreateRawAesKeyring(CreateRawAesKeyringInput.builder().keyNamespace(text(says, "namespace")).keyName(text(says, "name"))
        .wrappingKey(key).wrappingAlg(AesWrappingAlg.valueOf("ALG_AES" + 8 * key.remaining() + "_GCM_IV12_TAG16")).build());
  }

  private IKeyring rawRsa(JsonNode says) {
    String padding = text(says, "padding").toUpperCase().replace('-', '_');
    var input = CreateRawRsaKeyringInput.builder().keyNamespace(text(says, "namespace")).keyName(text(says, "name"))
        .paddingScheme(PaddingScheme.valueOf(padding.equals("PKCS1") ? padding : padding + "_MGF1"));
    if (file(says, "public_key_file") != null) input.publicKey(file(says, "public_key_file"));
    if (file(says, "private_key_file") != null) input.privateKey(file(says, "private_key_file"));
    return providers.CreateRawRsaKeyring(input.build());
  }

  private IKeyring mrkDiscovery(JsonNode says, String region) {
    return providers.CreateAwsKmsMrkDiscoveryKeyring(CreateAwsKmsMrkDiscoveryKeyringInput.builder().kmsClient(kmsIn.apply(region))
        .region(region).discoveryFilter(filterOf(says)).build());
  }

  private IKeyring branchKey(JsonNode says, String key) {
    boolean related = says.field("multi_region").map(JsonNode::asBoolean).orElse(false);
    var kms = related ? KMSConfiguration.builder().kmsMRKeyArn(key) : KMSConfiguration.builder().kmsKeyArn(key);
    KeyStore store = KeyStore.builder().KeyStoreConfig(KeyStoreConfig.builder().ddbClient(new Table(says.field("items").get()))
        .ddbTableName("branch-keys").logicalKeyStoreName("branch-keys").kmsClient(kmsIn.apply(regionOf(key))).kmsConfiguration(kms.build())
        .build()).build();
    return providers.CreateAwsKmsHierarchicalKeyring(CreateAwsKmsHierarchicalKeyringInput.builder().keyStore(store)
        .branchKeyId(text(says, "branch_key_id")).ttlSeconds(60).build());
  }

  // In place of DynamoDB: what its client would bring.
  private static final class Table implements DynamoDbClient {
    private final List<Map<String, AttributeValue>> items;

    Table(JsonNode items) {
      this.items = items.asArray().stream().map(item -> item.asObject().entrySet().stream()
          .collect(Collectors.toMap(Map.Entry::getKey, each -> valueOf(each.getValue())))).collect(Collectors.toList());
    }
    private static AttributeValue valueOf(JsonNode node) {
      if (text(node, "B") != null) return AttributeValue.fromB(SdkBytes.fromByteArray(bytes(text(node, "B"))));
      return text(node, "N") != null ? AttributeValue.fromN(text(node, "N")) : AttributeValue.fromS(text(node, "S"));
    }
    @Override public GetItemResponse getItem(GetItemRequest request) {
      var found = items.stream().filter(item -> item.entrySet().containsAll(request.key().entrySet())).findFirst();
      return found.map(item -> GetItemResponse.builder().item(item).build()).orElse(GetItemResponse.builder().build());
    }
    @Override public String serviceName() { return "dynamodb"; }
    @Override public void close() {}
  }

  private byte[] done(JsonNode request) {
    Map<String, String> context = new HashMap<>();
    request.field("context").get().asObject().forEach((key, value) -> context.put(key, value.text()));
    var crypto = AwsCrypto.builder().withCommitmentPolicy(CommitmentPolicy.valueOf(policyOf(text(request, "policy"))));
    IKeyring keyring = keyringOf(request.field("keyring").get());
    byte[] data = bytes(text(request, "data"));
    if (text(request, "do").equals("decrypt")) return crypto.build().decryptData(keyring, data, context).getResult();
    short id = Short.parseShort(text(request, "suite"), 16);
    CryptoAlgorithm suite = Arrays.stream(CryptoAlgorithm.values()).filter(each -> each.getValue() == id).findFirst().get();
    return crypto.withEncryptionAlgorithm(suite).withEncryptionFrameSize(Integer.parseInt(text(request, "frameLength"))).build()
        .encryptData(keyring, data, context).getResult();
  }

  // "require_encrypt_allow_decrypt" → "RequireEncryptAllowDecrypt"
  private static String policyOf(String name) {
    return Arrays.stream(name.split("_")).map(word -> word.substring(0, 1).toUpperCase() + word.substring(1)).collect(Collectors.joining());
  }

  public static void main(String[] arguments) throws Exception {
    Esdk esdk = new Esdk(URI.create(arguments[0]));
    var requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      String answer;
      try {
        answer = "{\"data\":\"" + Base64.getEncoder().encodeToString(esdk.done(JsonNode.parser().parse(line))) + "\"}";
      } catch (Exception error) {
        answer = "{\"error\":\"" + error.toString().replaceAll("[^ -!#-\\[\\]-~]", "?") + "\"}";
      }
      System.out.println(answer);
    }
  }
}
