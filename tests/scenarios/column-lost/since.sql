ALTER TABLE stock DROP colour;
