import java.io.FileInputStream;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Properties;

/** Reads FILE as java.util.Properties, by stream and by reader, and compares it with EXPECTED: one base64 value a line. */
class ReadProperties {
    public static void main(String[] args) throws Exception {
        List<String> expected = Files.readAllLines(Path.of(args[1]));
        Properties stream = new Properties(), reader = new Properties();
        try (InputStream in = new FileInputStream(args[0])) {
            stream.load(in);
        }
        try (Reader in = Files.newBufferedReader(Path.of(args[0]))) {
            reader.load(in);
        }
        int differ = 0;
        for (int i = 0; i < expected.size(); i++) {
            String want = new String(Base64.getDecoder().decode(expected.get(i)), StandardCharsets.UTF_8);
            if (!want.equals(stream.getProperty("v" + i)) || !want.equals(reader.getProperty("v" + i))) {
                System.out.println("value " + i + " differs");
                differ++;
            }
        }
        System.out.println(expected.size() + " read, " + differ + " differ");
        System.exit(differ == 0 ? 0 : 1);
    }
}
