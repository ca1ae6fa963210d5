import java.io.FileInputStream;
import java.util.Base64;
import java.util.Properties;

/** PrintProperty FILE KEY: prints the value of a property, in base64. */
class PrintProperty {
    public static void main(String[] args) throws Exception {
        Properties all = new Properties();
        try (FileInputStream in = new FileInputStream(args[0])) {
            all.load(in);
        }
        System.out.print(Base64.getEncoder().encodeToString(all.getProperty(args[1]).getBytes("UTF-8")));
    }
}
