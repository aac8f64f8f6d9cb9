-- A MariaDB or MySQL user that can read one database and do nothing else.
--
-- Run it once as a user that may create users; again is harmless. Say which database and which password:
--
--   mariadb -u root -p -e "SET @shop_database = 'shop', @reader_password = '…'; SOURCE reader_mysql.sql"
--
-- @reader_name and @reader_host may be set too; left out they are shoptalk_reader and %. Without a password
-- an existing user keeps its own. Check the result with: shoptalk doctor --shop mysql://…

SET @reader_name = COALESCE(@reader_name, 'shoptalk_reader'), @reader_host = COALESCE(@reader_host, '%');
SET @reader = CONCAT(QUOTE(@reader_name), '@', QUOTE(@reader_host));

SET @step = CONCAT('CREATE USER IF NOT EXISTS ', @reader);
PREPARE step FROM @step; EXECUTE step; DEALLOCATE PREPARE step;

SET @step = IF(@reader_password IS NULL, 'DO 0',
  CONCAT('ALTER USER ', @reader, ' IDENTIFIED BY ', QUOTE(@reader_password)));
PREPARE step FROM @step; EXECUTE step; DEALLOCATE PREPARE step;

-- Whatever it was given before is taken away.
SET @step = CONCAT('REVOKE ALL PRIVILEGES, GRANT OPTION FROM ', @reader);
PREPARE step FROM @step; EXECUTE step; DEALLOCATE PREPARE step;

-- What it may do: read the shop's tables and views. No FILE, no PROCESS, no temporary tables, no procedures.
-- The underscore and the percent sign are patterns in a GRANT; escaped, they stand for themselves.
SET @step = CONCAT('GRANT SELECT, SHOW VIEW ON `',
  REPLACE(REPLACE(REPLACE(@shop_database, '`', '``'), '_', '\\_'), '%', '\\%'), '`.* TO ', @reader);
PREPARE step FROM @step; EXECUTE step; DEALLOCATE PREPARE step;

SET @step = CONCAT('ALTER USER ', @reader, ' WITH MAX_USER_CONNECTIONS 40');
PREPARE step FROM @step; EXECUTE step; DEALLOCATE PREPARE step;
