cube(`visits`, { sql: `SELECT * FROM visits` });
