-- What the sink keeps: rows of each partition, how far it is read, and which filling of it readers see.

CREATE TABLE harmonia.stores (
    store text NOT NULL,
    part integer NOT NULL,
    epoch bigint NOT NULL,
    shown bigint NOT NULL,
    PRIMARY KEY (store, part)
);
COMMENT ON TABLE harmonia.stores IS 'The filling (epoch) of each partition that is written, and the one that views show. They differ during a refill.';

CREATE TABLE harmonia.positions (
    topic text NOT NULL,
    part integer NOT NULL,
    store text NOT NULL,
    topic_id text NOT NULL,
    next_offset bigint NOT NULL,
    epoch bigint NOT NULL,
    written_at timestamptz NOT NULL,
    whole_at timestamptz,
    PRIMARY KEY (topic, part)
);
COMMENT ON TABLE harmonia.positions IS 'How far each partition of a topic is read. whole_at: nothing that was in the topic then was missing.';

CREATE TABLE harmonia.contact_records (
    part integer NOT NULL,
    epoch bigint NOT NULL,
    contact_id text NOT NULL,
    version numeric(20) NOT NULL,
    merged_into text,
    profile jsonb,
    unreadable bytea,
    first_seen timestamptz,
    last_seen timestamptz,
    email_subscribed boolean,
    email_status text,
    email_last_opened_at timestamptz,
    email_last_clicked_at timestamptz,
    gifts bigint,
    first_gift_at timestamptz,
    last_gift_at timestamptz,
    canvass_attempts bigint,
    canvass_contacts bigint,
    canvass_last_at timestamptz,
    support bigint,
    time_zone text,
    region text,
    postal_code text,
    PRIMARY KEY (part, epoch, contact_id)
);
COMMENT ON TABLE harmonia.contact_records IS 'The newest record of each contact. Without profile, unreadable and merged_into: erased. Read the views instead.';
COMMENT ON COLUMN harmonia.contact_records.unreadable IS 'The bytes of a profile that jsonb does not take.';

CREATE TABLE harmonia.topic_records (
    topic text NOT NULL,
    part integer NOT NULL,
    epoch bigint NOT NULL,
    key text NOT NULL,
    value jsonb,
    unreadable bytea,
    PRIMARY KEY (topic, part, epoch, key)
);
COMMENT ON TABLE harmonia.topic_records IS 'The newest value of each key of the other topics. Read the views instead.';

CREATE FUNCTION harmonia.is_young(p_written_at timestamptz, p_stale_after float8) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT abs(extract(epoch FROM clock_timestamp() - p_written_at)) <= p_stale_after
$$;

-- Moves a position, and says into which epoch rows belong; null where the position is not p_before. The row of stores
-- stays locked until the transaction ends, so that of two owners one waits.
CREATE FUNCTION harmonia.move(
    p_store text, p_topic text, p_part integer, p_stale_after float8,
    p_before_id text, p_before bigint, p_after_id text, p_after bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_epoch bigint;
BEGIN
    INSERT INTO harmonia.stores VALUES (p_store, p_part, 1, 1) ON CONFLICT DO NOTHING;
    SELECT s.epoch INTO v_epoch FROM harmonia.stores s WHERE s.store = p_store AND s.part = p_part FOR UPDATE;
    IF p_before_id IS NULL THEN
        INSERT INTO harmonia.positions (topic, part, store, topic_id, next_offset, epoch, written_at)
        VALUES (p_topic, p_part, p_store, p_after_id, p_after, v_epoch, clock_timestamp())
        ON CONFLICT DO NOTHING;
    ELSE
        UPDATE harmonia.positions
        SET topic_id = p_after_id, next_offset = p_after, epoch = v_epoch, written_at = clock_timestamp()
        WHERE topic = p_topic AND part = p_part AND topic_id = p_before_id AND next_offset = p_before
            AND harmonia.is_young(written_at, p_stale_after);
    END IF;
    RETURN CASE WHEN FOUND THEN v_epoch END;
END
$$;

CREATE FUNCTION harmonia.write_contacts(
    p_store text, p_topic text, p_part integer, p_stale_after float8,
    p_before_id text, p_before bigint, p_after_id text, p_after bigint,
    p_alone text[], p_alone_versions text[], p_forgotten text[], p_forgotten_versions text[],
    p_ids text[], p_versions text[], p_merged_into text[], p_profiles jsonb[], p_unreadable bytea[],
    p_first_seen timestamptz[], p_last_seen timestamptz[],
    p_email_subscribed boolean[], p_email_status text[],
    p_email_last_opened_at timestamptz[], p_email_last_clicked_at timestamptz[],
    p_gifts bigint[], p_first_gift_at timestamptz[], p_last_gift_at timestamptz[],
    p_canvass_attempts bigint[], p_canvass_contacts bigint[], p_canvass_last_at timestamptz[], p_support bigint[],
    p_time_zone text[], p_region text[], p_postal_code text[]
) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '4s' AS $$
DECLARE
    v_epoch bigint := harmonia.move(
        p_store, p_topic, p_part, p_stale_after, p_before_id, p_before, p_after_id, p_after
    );
BEGIN
    IF v_epoch IS NULL THEN
        RETURN false;
    END IF;
    DELETE FROM harmonia.contact_records r USING unnest(p_alone, p_alone_versions) AS gone (contact_id, version)
    WHERE r.part = p_part AND r.epoch = v_epoch AND r.contact_id = gone.contact_id
        AND r.version < gone.version::numeric AND r.merged_into IS NOT NULL;
    DELETE FROM harmonia.contact_records r
    USING unnest(p_forgotten, p_forgotten_versions) AS gone (contact_id, version)
    WHERE r.part = p_part AND r.epoch = v_epoch AND r.contact_id = gone.contact_id
        AND r.version < gone.version::numeric;
    INSERT INTO harmonia.contact_records AS held
    SELECT p_part, v_epoch, t.contact_id, t.version::numeric, t.merged_into, t.profile, t.unreadable,
        t.first_seen, t.last_seen, t.email_subscribed, t.email_status, t.email_last_opened_at,
        t.email_last_clicked_at, t.gifts, t.first_gift_at, t.last_gift_at, t.canvass_attempts, t.canvass_contacts,
        t.canvass_last_at, t.support, t.time_zone, t.region, t.postal_code
    FROM unnest(
        p_ids, p_versions, p_merged_into, p_profiles, p_unreadable, p_first_seen, p_last_seen, p_email_subscribed,
        p_email_status, p_email_last_opened_at, p_email_last_clicked_at, p_gifts, p_first_gift_at, p_last_gift_at,
        p_canvass_attempts, p_canvass_contacts, p_canvass_last_at, p_support, p_time_zone, p_region, p_postal_code
    ) AS t (
        contact_id, version, merged_into, profile, unreadable, first_seen, last_seen, email_subscribed,
        email_status, email_last_opened_at, email_last_clicked_at, gifts, first_gift_at, last_gift_at,
        canvass_attempts, canvass_contacts, canvass_last_at, support, time_zone, region, postal_code
    )
    ON CONFLICT (part, epoch, contact_id) DO UPDATE SET
        version = excluded.version, merged_into = excluded.merged_into, profile = excluded.profile,
        unreadable = excluded.unreadable, first_seen = excluded.first_seen, last_seen = excluded.last_seen,
        email_subscribed = excluded.email_subscribed, email_status = excluded.email_status,
        email_last_opened_at = excluded.email_last_opened_at, email_last_clicked_at = excluded.email_last_clicked_at,
        gifts = excluded.gifts, first_gift_at = excluded.first_gift_at, last_gift_at = excluded.last_gift_at,
        canvass_attempts = excluded.canvass_attempts, canvass_contacts = excluded.canvass_contacts,
        canvass_last_at = excluded.canvass_last_at, support = excluded.support, time_zone = excluded.time_zone,
        region = excluded.region, postal_code = excluded.postal_code
    WHERE held.version < excluded.version;
    RETURN true;
END
$$;

CREATE FUNCTION harmonia.write_records(
    p_store text, p_topic text, p_part integer, p_stale_after float8,
    p_before_id text, p_before bigint, p_after_id text, p_after bigint,
    p_gone text[], p_keys text[], p_values jsonb[], p_unreadable bytea[]
) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '4s' AS $$
DECLARE
    v_epoch bigint := harmonia.move(
        p_store, p_topic, p_part, p_stale_after, p_before_id, p_before, p_after_id, p_after
    );
BEGIN
    IF v_epoch IS NULL THEN
        RETURN false;
    END IF;
    DELETE FROM harmonia.topic_records r
    WHERE r.topic = p_topic AND r.part = p_part AND r.epoch = v_epoch AND r.key = ANY (p_gone);
    INSERT INTO harmonia.topic_records
    SELECT p_topic, p_part, v_epoch, t.key, t.value, t.unreadable
    FROM unnest(p_keys, p_values, p_unreadable) AS t (key, value, unreadable)
    ON CONFLICT (topic, part, epoch, key) DO UPDATE SET value = excluded.value, unreadable = excluded.unreadable;
    RETURN true;
END
$$;

-- Forgets how far a partition was read, and begins a new epoch of it. What readers see stays.
CREATE FUNCTION harmonia.begin_epoch(p_store text, p_part integer) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '4s' AS $$
BEGIN
    INSERT INTO harmonia.stores AS held VALUES (p_store, p_part, 1, 1)
    ON CONFLICT (store, part) DO UPDATE SET epoch = held.epoch + 1;
    DELETE FROM harmonia.positions WHERE store = p_store AND part = p_part;
    RETURN true;
END
$$;

-- Says that a partition of a topic is complete. Once that is so of all of a store's p_topics, its epoch is shown.
CREATE FUNCTION harmonia.tell_whole(
    p_store text, p_topics text[], p_topic text, p_part integer, p_stale_after float8,
    p_id text, p_offset bigint, p_age_ms float8
) RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '4s' AS $$
BEGIN
    IF harmonia.move(p_store, p_topic, p_part, p_stale_after, p_id, p_offset, p_id, p_offset) IS NULL THEN
        RETURN false;
    END IF;
    UPDATE harmonia.positions SET whole_at = clock_timestamp() - p_age_ms * interval '1 millisecond'
    WHERE topic = p_topic AND part = p_part;
    UPDATE harmonia.stores s SET shown = s.epoch
    WHERE s.store = p_store AND s.part = p_part AND s.shown < s.epoch AND cardinality(p_topics) = (
        SELECT count(*) FROM harmonia.positions p
        WHERE p.topic = ANY (p_topics) AND p.part = p_part AND p.whole_at IS NOT NULL
    );
    RETURN true;
END
$$;

-- Deletes some rows that neither are shown nor will be: of epochs before the one that is shown, or that were given up.
CREATE FUNCTION harmonia.sweep(p_store text, p_part integer, p_most integer) RETURNS bigint
LANGUAGE plpgsql SET lock_timeout = '4s' AS $$
DECLARE
    v_deleted bigint;
    v_also bigint;
BEGIN
    WITH gone AS (
        SELECT r.part, r.epoch, r.contact_id
        FROM harmonia.stores s JOIN harmonia.contact_records r ON r.part = s.part AND r.epoch NOT IN (s.epoch, s.shown)
        WHERE p_store = 'contacts' AND s.store = p_store AND s.part = p_part AND r.epoch < s.epoch
        LIMIT p_most
    )
    DELETE FROM harmonia.contact_records r USING gone
    WHERE (r.part, r.epoch, r.contact_id) = (gone.part, gone.epoch, gone.contact_id);
    GET DIAGNOSTICS v_deleted = ROW_COUNT;
    WITH gone AS (
        SELECT r.topic, r.part, r.epoch, r.key
        FROM harmonia.stores s
        JOIN harmonia.topic_records r ON r.topic = s.store AND r.part = s.part AND r.epoch NOT IN (s.epoch, s.shown)
        WHERE s.store = p_store AND s.part = p_part AND r.epoch < s.epoch
        LIMIT p_most
    )
    DELETE FROM harmonia.topic_records r USING gone
    WHERE (r.topic, r.part, r.epoch, r.key) = (gone.topic, gone.part, gone.epoch, gone.key);
    GET DIAGNOSTICS v_also = ROW_COUNT;
    RETURN v_deleted + v_also;
END
$$;
