import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/** The job of benchmarks/peers/job.py on Kafka Streams, one stream thread. */
public final class ContactFold {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String LAST = "last";

    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Event(String type, long occurred_at) {}

    private final int events;
    private final int warm;
    private final CountDownLatch done = new CountDownLatch(1);
    private int count; // one stream thread only

    private ContactFold(int events, int warm) {
        this.events = events;
        this.warm = warm;
    }

    public static void main(String[] arguments) throws Exception {
        Tuning tuning = new Tuning(arguments[0], Integer.parseInt(arguments[1]), Long.parseLong(arguments[2]));
        String bootstrap = arguments[3];
        String source = arguments[4];
        String output = arguments[5];
        ContactFold job = new ContactFold(Integer.parseInt(arguments[8]), Integer.parseInt(arguments[9]));
        StreamsBuilder builder = new StreamsBuilder();
        job.build(builder, source, output);
        KafkaStreams streams =
                new KafkaStreams(builder.build(), settings(tuning, bootstrap, arguments[6], arguments[10]));
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.ERROR) {
                Runtime.getRuntime().halt(1);
            }
        });
        streams.start();
        job.done.await();
        streams.close(); // flushes the cache, commits the last transaction
        System.out.println("done " + job.count);
        System.in.read();
        Runtime.getRuntime().halt(0);
    }

    private void build(StreamsBuilder builder, String source, String output) {
        Serde<Event> event = serde(JSON.readerFor(Event.class));
        Serde<Map<String, Long>> state = serde(JSON.readerFor(new TypeReference<LinkedHashMap<String, Long>>() {}));
        builder.stream(source, Consumed.with(Serdes.ByteArray(), event))
                .groupByKey(Grouped.with(Serdes.ByteArray(), event))
                .aggregate(LinkedHashMap::new, (key, value, held) -> fold(held, value), Materialized.with(Serdes.ByteArray(), state))
                .toStream()
                .to(output, Produced.with(Serdes.ByteArray(), state));
    }

    private Map<String, Long> fold(Map<String, Long> state, Event event) {
        state.merge(event.type(), 1L, Long::sum);
        state.merge(LAST, event.occurred_at(), Math::max);
        count += 1;
        if (count == warm) {
            System.out.println("warm " + count);
        }
        if (count == events) {
            done.countDown();
        }
        return state;
    }

    /** What differs from row to row: processing.guarantee, commit.interval.ms, and MiB of statestore.cache.max.bytes. */
    private record Tuning(String guarantee, int commitMs, long cacheMib) {}

    private static Properties settings(Tuning tuning, String bootstrap, String name, String directory) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, name);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, tuning.guarantee());
        settings.put(StreamsConfig.STATE_DIR_CONFIG, directory);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, tuning.commitMs());
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, tuning.cacheMib() << 20);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5000);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "zstd");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 << 10);
        return settings;
    }

    private static <T> Serde<T> serde(ObjectReader reader) {
        ObjectWriter writer = JSON.writer();
        Serializer<T> serializer = (topic, value) -> {
            try {
                return value == null ? null : writer.writeValueAsBytes(value);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        };
        Deserializer<T> deserializer = (topic, bytes) -> {
            try {
                return bytes == null ? null : reader.readValue(bytes);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        };
        return Serdes.serdeFrom(serializer, deserializer);
    }
}
