"""Words that a name may not be without quotes: the databases' own lists of keywords, as data.

From DuckDB 1.5 (``duckdb_keywords()``), SQLite 3.40 (``sqlite3_keyword_name``), PostgreSQL 15
(``pg_get_keywords()``, and what 16 to 18 reserve beyond) and MariaDB 10.11
(``information_schema.KEYWORDS``, what MySQL 9 reserves beyond, and names of calls that its parser knows
before a bracket), with the words that sqlglot reads as something else. Other names of functions and types
are not here: where a name may stand, nothing but a keyword is read as one.

``tests/sql/test_reserved.py`` compares the lists with the databases, and reads each word that is on none,
functions and types too, without quotes at every place where a name can stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sql.types import Dialect


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMMON_NAMES = _words("""
        account action body channel class client code comment comments content cost data date day
        document event events family format hour id label language level list location method minute
        mode month name names number object open owner parameter password path period plan plans policy
        program quarter returns role rule second server session share source stage status storage
        subject template text time type types value version week year zone
    """)
"""Words on the lists that each database reads as a name everywhere, and that shops call columns by: they stay
without quotes, so that a receipt can be read."""

KEYWORDS: dict[Dialect, frozenset[str]] = {
    "duckdb": _words("""
        abort absolute access add admin after aggregate all also alter always analyse analyze and anti
        any approx array as asc asof assertion assignment asymmetric at attach attribute authorization
        backward before begin between bigint binary bit boolean both by cache call called cascade
        cascaded case cast catalog centuries century chain char character characteristics check
        checkpoint close cluster coalesce collate collation column columns commit committed compression
        concurrently configuration conflict connect connect_by_root connection constraint constraints
        continue conversion copy create cross csv cube current current_catalog current_date current_time
        current_timestamp current_user cursor cycle database days deallocate dec decade decades decimal
        declare default defaults deferrable deferred definer delete delimiter delimiters depends desc
        describe destroy detach dictionary disable discard disconnect distance distinct do domain double
        drop each else enable encoding encrypted end enum error escape exact except exclude excluding
        exclusive execute exists explain export export_state extension extensions external extract false
        fetch filter first float following for force foreign forward freeze from full function functions
        generated glob global grant granted group grouping grouping_id groups handler having header hold
        hours identity if ignore ilike immediate immutable implicit import in include including
        increment index indexes inherit inherits initially inline inner inout input insensitive insert
        install instead int integer intersect interval into invoker is isnull isolation join json key
        lambda large last lateral leading leakproof left like limit listen load local localtime
        localtimestamp lock locked logged macro map mapping match matched materialized maxvalue merge
        microsecond microseconds millennia millennium millisecond milliseconds minutes minvalue months
        move national natural nchar nearest new next no none not nothing notify notnull nowait null
        nullif nulls numeric of off offset oids old on only operator option options or order ordinality
        others out outer over overlaps overlay overriding owned parallel parser partial partition
        partitioned partitioned_by passing percent persistent pivot pivot_longer pivot_wider placing
        position positional pragma preceding precision prepare prepared preserve primary prior
        privileges procedural procedure publication qualify quarters quote range read real reassign
        recheck recursive ref references referencing refresh regexp register reindex relative release
        rename repeatable replace replica reset resource resources respect restart restrict returning
        revoke right rlike rollback rollup row rows sample savepoint schema schemas scope scroll search
        seconds secret secure security select semi sequence sequences serializable session_user set
        setof sets show similar similarity simple skip smallint snapshot some sorted sql stable
        standalone start statement statistics stdin stdout stored strict strip struct subscription
        substring summarize symmetric sysid system table tables tablesample tablespace target temp
        temporary then ties timestamp to trailing transaction transform treat trigger trim true truncate
        trusted try_cast tuple unbounded uncache uncommitted unencrypted union unique unknown unlisten
        unlogged unpack unpivot until update use user using vacuum valid validate validator values
        varchar variable variadic varying verbose view views virtual volatile weeks when where
        whitespace window with within without work wrapper write xml xmlattributes xmlconcat xmlelement
        xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable xor years yes
    """),
    "sqlite": _words("""
        abort add after all alter always analyze and any as asc attach autoincrement before begin
        between by cascade case cast check collate column commit conflict connect_by_root constraint
        create cross cube current current_date current_time current_timestamp current_user database
        default deferrable deferred delete desc describe detach distinct do drop each else end escape
        except exclude exclusive exists explain fail false fetch filter first following for foreign from
        full generated glob grant group groups having if ignore ilike immediate in index indexed
        initially inner insert instead intersect interval into is isnull join key last lateral left like
        limit lock match materialized natural no not nothing notnull null nulls of offset on or order
        others outer over partition partitioned_by pragma preceding primary qualify query raise range
        recursive references regexp reindex release rename replace restrict returning revoke right rlike
        rollback rollup row rows savepoint select set table tablesample temp temporary then ties to
        transaction trigger true unbounded uncache union unique update using vacuum values view virtual
        when where window with without xor
    """),
    "postgres": _words("""
        abort absolute access add admin after aggregate all also alter always analyse analyze and any
        array as asc asensitive assertion assignment asymmetric at atomic attach attribute authorization
        backward before begin between bigint binary bit boolean both breadth by cache call called
        cascade cascaded case cast catalog chain char character characteristics check checkpoint close
        cluster coalesce collate collation column columns commit committed compression concurrently
        configuration conflict connect_by_root connection constraint constraints continue conversion
        copy create cross csv cube current current_catalog current_date current_role current_schema
        current_time current_timestamp current_user cursor cycle database deallocate dec decimal declare
        default defaults deferrable deferred definer delete delimiter delimiters depends depth desc
        describe detach dictionary disable discard distinct do domain double drop each else enable
        encoding encrypted end enum escape except exclude excluding exclusive execute exists explain
        expression extension external extract false fetch filter finalize first float following for
        force foreign forward freeze from full function functions generated glob global grant granted
        greatest group grouping groups handler having header hold identity if ilike immediate immutable
        implicit import in include including increment index indexes inherit inherits initially inline
        inner inout input insensitive insert instead int integer intersect interval into invoker is
        isnull isolation join json json_array json_arrayagg json_exists json_object json_objectagg
        json_query json_scalar json_serialize json_table json_value key large last lateral leading
        leakproof least left like limit listen load local localtime localtimestamp lock locked logged
        mapping match matched materialized maxvalue merge merge_action minvalue move national natural
        nchar new next nfc nfd nfkc nfkd no none normalize normalized not nothing notify notnull nowait
        null nullif nulls numeric of off offset oids old on only operator option options or order
        ordinality others out outer over overlaps overlay overriding owned parallel parser partial
        partition partitioned_by passing placing position preceding precision prepare prepared preserve
        primary prior privileges procedural procedure procedures publication qualify quote range read
        real reassign recheck recursive ref references referencing refresh regexp reindex relative
        release rename repeatable replace replica reset restart restrict return returning revoke right
        rlike rollback rollup routine routines row rows savepoint schema schemas scroll search security
        select sequence sequences serializable session_user set setof sets show similar simple skip
        smallint snapshot some sql stable standalone start statement statistics stdin stdout stored
        strict strip subscription substring support symmetric sysid system system_user table tables
        tablesample tablespace temp temporary then ties timestamp to trailing transaction transform
        treat trigger trim true truncate trusted uescape unbounded uncache uncommitted unencrypted union
        unique unknown unlisten unlogged until update user using vacuum valid validate validator values
        varchar variadic varying verbose view views volatile when where whitespace window with within
        without work wrapper write xml xmlattributes xmlconcat xmlelement xmlexists xmlforest
        xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable xor yes
    """),
    "mysql": _words("""
        _armscii8 _ascii _big5 _binary _cp1250 _cp1251 _cp1256 _cp1257 _cp850 _cp852 _cp866 _cp932 _dec8
        _eucjpms _euckr _gb18030 _gb2312 _gbk _geostd8 _greek _hebrew _hp8 _keybcs2 _koi8r _koi8u
        _latin1 _latin2 _latin5 _latin7 _macce _macroman _sjis _swe7 _tis620 _ucs2 _ujis _utf16 _utf16le
        _utf32 _utf8 _utf8mb3 _utf8mb4 accessible add adddate admin after against aggregate algorithm
        all alter always analyze and any as asc ascii asensitive at atomic authors auto auto_increment
        autoextend_size avg avg_row_length backup before begin between bigint binary binlog bit bit_and
        bit_or bit_xor blob block bool boolean both btree by byte cache call cascade cascaded case cast
        catalog_name chain change changed char character charset check checkpoint checksum cipher
        class_origin clob close coalesce collate collation column column_add column_check column_create
        column_delete column_get column_name columns commit committed compact completion compressed
        concurrent condition connect_by_root connection consistent constraint constraint_catalog
        constraint_name constraint_schema contains context continue contributors convert count cpu
        create cross cube cume_dist curdate current current_date current_pos current_role current_time
        current_timestamp current_user cursor cursor_name curtime cycle database databases datafile
        date_add date_sub datetime day_hour day_microsecond day_minute day_second deallocate dec decimal
        declare default definer delay_key_write delayed delete delete_domain_id dense_rank des_key_file
        desc describe deterministic diagnostics directory disable discard disk distinct distinctrow div
        do do_domain_ids double drop dual dumpfile duplicate dynamic each else elseif elsif empty enable
        enclosed end ends engine engines enum error errors escape escaped every examined except
        exception exchange exclude execute exists exit expansion expire explain export extended
        extent_size extract false fast faults federated fetch fields file first first_value fixed float
        float4 float8 flush following follows for force foreign found from full fulltext function
        general generated get get_format glob global goto grant grants group group_concat grouping
        groups handler hard hash having help high_priority history host hosts hour_microsecond
        hour_minute hour_second identified if ignore ignore_domain_ids ignore_server_ids ignored ilike
        immediate import in increment index indexes infile initial_size inner inout insensitive insert
        insert_method install int int1 int2 int3 int4 int8 integer intersect interval into invisible
        invoker io io_after_gtids io_before_gtids io_thread ipc is isolation isopen issuer iterate join
        json json_arrayagg json_objectagg json_table key key_block_size keys kill lag last last_value
        lastval lateral lead leading leave leaves left less library like limit linear lines load local
        localtime localtimestamp lock locked locks logfile logs long longblob longtext loop low_priority
        manual master master_bind master_connect_retry master_delay master_demote_to_replica
        master_demote_to_slave master_gtid_pos master_heartbeat_period master_host master_log_file
        master_log_pos master_password master_port master_server_id master_ssl master_ssl_ca
        master_ssl_capath master_ssl_cert master_ssl_cipher master_ssl_crl master_ssl_crlpath
        master_ssl_key master_ssl_verify_server_cert master_use_gtid master_user match max
        max_connections_per_hour max_queries_per_hour max_rows max_size max_statement_time
        max_updates_per_hour max_user_connections maxvalue median medium mediumblob mediumint mediumtext
        memory merge message_text microsecond mid middleint migrate min min_rows minus
        minute_microsecond minute_second minvalue mod modifies modify monitor mutex mysql mysql_errno
        national natural nchar nested never next nextval no no_wait no_write_to_binlog nocache nocycle
        nodegroup nomaxvalue nominvalue none not notfound notnull now nowait nth_value ntile null
        numeric nvarchar of offset old_password on one online only optimize optimizer_costs option
        optionally options or order ordinality others out outer outfile over overlaps pack_keys package
        page page_checksum parallel parse_vcol_expr parser partial partition partitioned_by partitioning
        partitions percent_rank percentile_cont percentile_disc persistent phase plugin plugins port
        portion position precedes preceding precision prepare preserve prev previous primary privileges
        procedure process processlist profile profiles proxy purge qualify query quick raise range rank
        raw read read_only read_write reads real rebuild recover recursive redo_buffer_size redofile
        redundant ref_system_id references regexp relay relay_log_file relay_log_pos relay_thread
        relaylog release reload remove rename reorganize repair repeat repeatable replace replay replica
        replica_pos replicas replication require reset resignal restart restore restrict resume return
        returned_sqlstate returning reuse reverse revoke right rlike rollback rollup routine row
        row_count row_format row_number rowcount rownum rows rowtype rtree savepoint schedule schema
        schema_name schemas second_microsecond security select sensitive separator sequence serial
        serializable session_user set setval show shutdown signal signed simple skip slave slave_pos
        slaves slow smallint snapshot socket soft some soname sounds spatial specific sql sql_big_result
        sql_buffer_result sql_cache sql_calc_found_rows sql_no_cache sql_small_result sql_thread
        sql_tsi_day sql_tsi_hour sql_tsi_minute sql_tsi_month sql_tsi_quarter sql_tsi_second
        sql_tsi_week sql_tsi_year sqlexception sqlstate sqlwarning ssl start starting starts statement
        stats_auto_recalc stats_persistent stats_sample_pages std stddev stddev_pop stddev_samp stop
        stored straight_join string subclass_origin subdate subpartition subpartitions substr substring
        sum super suspend swaps switches sysdate system system_time system_user table table_checksum
        table_name tables tablesample tablespace temporary temptable terminated than then threads ties
        timestamp timestampadd timestampdiff tinyblob tinyint tinytext to trailing transaction
        transactional trigger triggers trim true truncate unbounded uncache uncommitted undefined undo
        undo_buffer_size undofile unicode uninstall union unique unknown unlock unsigned until update
        upgrade usage use use_frm user user_resources using utc_date utc_time utc_timestamp values
        var_pop var_samp varbinary varchar varchar2 varcharacter variables variance varying versioning
        via view virtual visible wait warnings weight_string when where while window with within without
        work wrapper write x509 xa xml xor year_month zerofill
    """),
}
"""In lower case, without ``COMMON_NAMES``."""

UNREADABLE: dict[Dialect, frozenset[str]] = {"sqlite": frozenset({"true", "false"})}
"""Names that stay values even in quotes: SQLite reads ``"true"`` as a column of a table, but never as one of
a SELECT inside a statement, and then in silence as a text."""
