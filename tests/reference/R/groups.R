# Rscript groups.R <inputs> <outputs>: reference values of wilcox.test, t.test, quantile and p.adjust.
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, quantity = quantity, value = sprintf("%.17g", value))
}

compare <- function(name, first, second) {
  rank <- suppressWarnings(wilcox.test(second, first))
  note(name, "mann_whitney_statistic", unname(rank$statistic))
  note(name, "mann_whitney_p", rank$p.value)
  for (kind in c("welch", "student")) {
    test <- t.test(second, first, var.equal = kind == "student")
    note(name, paste0(kind, c("_statistic", "_df", "_p", "_low", "_high")),
         c(unname(test$statistic), unname(test$parameter), test$p.value, test$conf.int))
  }
  note(name, paste0("first_", c("q1", "median", "q3")), unname(quantile(first, c(0.25, 0.5, 0.75))))
}
small <- read("small")
gbsg2 <- read("gbsg2")
compare("small", small$value[small$group == 0], small$value[small$group == 1])
compare("gbsg2_pnodes", gbsg2$pnodes[gbsg2$horTh == "no"], gbsg2$pnodes[gbsg2$horTh == "yes"])
p <- c(0.01, 0.04, 0.03, 0.5, 3.5e-5, 0.04)
for (method in c("bonferroni", "holm", "BH")) note(paste0("adjust_", tolower(method)), paste0("p", 1:6), p.adjust(p, method))
write.csv(do.call(rbind, found), file.path(folders[2], "groups.csv"), row.names = FALSE, quote = FALSE)
