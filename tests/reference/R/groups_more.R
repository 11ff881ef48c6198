# Rscript groups_more.R <inputs> <outputs>: reference values of exact and normal rank tests, effect sizes, several groups,
# tables of counts, correlations, paired comparisons, agreement and p.adjust.
suppressPackageStartupMessages(library(exactRankTests))
suppressPackageStartupMessages(library(coin))
library(effectsize)
suppressPackageStartupMessages(library(psych))
suppressPackageStartupMessages(library(epiR))
suppressPackageStartupMessages(library(pROC))
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", as.numeric(value)))
}
root <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-14, maxiter = 10000)$root
limits_t <- function(t, df) suppressWarnings(c(root(function(d) pt(t, df, d) - 0.975, t - 10, t + 10),
                                               root(function(d) pt(t, df, d) - 0.025, t - 10, t + 10)))
limits_from_zero <- function(cdf) sapply(c(0.975, 0.025), function(p) if (cdf(0) <= p) 0 else root(function(d) cdf(d) - p, 0, 1000))

small <- read("small")
gbsg2 <- read("gbsg2")
rossi <- read("rossi")
ratings <- na.omit(read("ratings"))
twice <- read("pairs")

# Two groups.
ranked <- function(name, first, second, exact) {
  W <- suppressWarnings(wilcox.test(second, first))$statistic
  note(name, "all", "statistic", W)
  data <- data.frame(value = c(first, second), group = factor(rep(c("b", "a"), c(length(first), length(second))), levels = c("a", "b")))
  if (exact) {
    note(name, "all", "exact_p", wilcox.exact(second, first, exact = TRUE)$p.value)
    test <- wilcox_test(value ~ group, data, distribution = "exact", conf.int = TRUE)
    note(name, "all", "coin_p", pvalue(test))
    note(name, "all", c("exact_low", "exact_high"), confint(test)$conf.int)
  }
  for (correct in c(TRUE, FALSE)) {
    test <- suppressWarnings(wilcox.test(second, first, exact = FALSE, correct = correct, conf.int = TRUE, tol.root = 1e-12))
    kind <- if (correct) "corrected" else "plain"
    note(name, "all", paste0(kind, c("_p", "_low", "_high")), c(test$p.value, test$conf.int))
  }
  curve <- roc(c(rep(0, length(first)), rep(1, length(second))), c(first, second), direction = "<", levels = c(0, 1), quiet = TRUE)
  note(name, "all", c("superiority_low", "superiority", "superiority_high"), ci.auc(curve, method = "delong"))
  note(name, "all", "rank_biserial", rank_biserial(second, first, ci = NULL)$r_rank_biserial)
  for (pooled in c(TRUE, FALSE)) {
    kind <- if (pooled) "student" else "welch"
    note(name, "all", paste0(kind, "_d"), cohens_d(second, first, pooled_sd = pooled, ci = NULL)$Cohens_d)
    note(name, "all", paste0(kind, "_g"), hedges_g(second, first, pooled_sd = pooled, ci = NULL)$Hedges_g)
    test <- t.test(second, first, var.equal = pooled)
    d <- cohens_d(second, first, pooled_sd = pooled, ci = NULL)$Cohens_d
    note(name, "all", paste0(kind, c("_d_low", "_d_high")), limits_t(test$statistic, test$parameter) * d / test$statistic)
  }
}
ranked("mw_small", small$value[small$group == 0], small$value[small$group == 1], TRUE)
head60 <- gbsg2[1:60, ]
ranked("mw_pnodes_60", head60$pnodes[head60$horTh == "no"], head60$pnodes[head60$horTh == "yes"], TRUE)
ranked("mw_age_60", head60$age[head60$horTh == "no"], head60$age[head60$horTh == "yes"], TRUE)
ranked("mw_pnodes", gbsg2$pnodes[gbsg2$horTh == "no"], gbsg2$pnodes[gbsg2$horTh == "yes"], FALSE)
ranked("mw_progrec", gbsg2$progrec[gbsg2$horTh == "no"], gbsg2$progrec[gbsg2$horTh == "yes"], FALSE)
untied <- wilcox.test(small$value[small$group == 1], small$value[small$group == 0], conf.int = TRUE)
note("mw_small", "all", c("r_exact_p", "r_exact_low", "r_exact_high", "r_exact_shift"), c(untied$p.value, untied$conf.int, untied$estimate))

# Several groups.
gbsg2$tgrade <- factor(gbsg2$tgrade, levels = c("I", "II", "III"))
for (variable in c("pnodes", "age", "progrec")) {
  name <- paste0("several_", variable)
  value <- gbsg2[[variable]]
  test <- kruskal.test(value, gbsg2$tgrade)
  note(name, "kruskal", c("statistic", "df", "p"), c(test$statistic, test$parameter, test$p.value))
  note(name, "kruskal", "size", rank_epsilon_squared(value, gbsg2$tgrade, ci = NULL)$rank_epsilon_squared)
  for (equal in c(TRUE, FALSE)) {
    test <- oneway.test(value ~ gbsg2$tgrade, var.equal = equal)
    note(name, if (equal) "anova" else "welch_anova", c("statistic", "df", "residual_df", "p"),
         c(test$statistic, test$parameter, test$p.value))
  }
  note(name, "anova", "size", eta_squared(aov(value ~ gbsg2$tgrade), partial = FALSE, ci = NULL)$Eta2)
  test <- oneway.test(value ~ gbsg2$tgrade, var.equal = TRUE)
  ncp <- suppressWarnings(limits_from_zero(function(d) pf(test$statistic, test$parameter[1], test$parameter[2], d)))
  note(name, "anova", c("size_low", "size_high"), ncp / (ncp + nrow(gbsg2)))
  pairs_of <- c("II against I", "III against I", "III against II")
  flat <- function(table) table$p.value[cbind(c(1, 2, 2), c(1, 1, 2))]
  for (method in c("none", "bonferroni", "holm", "BH", "BY")) {
    note(name, pairs_of, paste0("kruskal_", tolower(method)),
         flat(suppressWarnings(pairwise.wilcox.test(value, gbsg2$tgrade, p.adjust.method = method))))
    note(name, pairs_of, paste0("anova_", tolower(method)), flat(pairwise.t.test(value, gbsg2$tgrade, p.adjust.method = method)))
    note(name, pairs_of, paste0("welch_anova_", tolower(method)),
         flat(pairwise.t.test(value, gbsg2$tgrade, p.adjust.method = method, pool.sd = FALSE)))
  }
}
p <- c(0.01, 0.04, 0.03, 0.5, 3.5e-5, 0.04)
note("adjust_by", paste0("p", 1:6), "p", p.adjust(p, "BY"))

# Tables of counts.
counts <- function(name, group, value, correct) {
  table <- table(group, value)
  for (correct in c(TRUE, FALSE)) {
    test <- suppressWarnings(chisq.test(table, correct = correct))
    note(name, if (correct) "corrected" else "plain", c("statistic", "df", "p"), c(test$statistic, test$parameter, test$p.value))
  }
  note(name, "plain", "v", cramers_v(table, adjust = FALSE, ci = NULL)[[1]])
  ncp <- limits_from_zero(function(d) pchisq(test$statistic, test$parameter, d))
  note(name, "plain", c("v_low", "v_high"), sqrt(ncp / (sum(table) * (min(dim(table)) - 1))))
  test <- fisher.test(table, workspace = 2e8)
  note(name, "fisher", "p", test$p.value)
  if (all(dim(table) == 2)) {
    note(name, "fisher", c("r_ratio", "r_low", "r_high"), c(test$estimate, test$conf.int))
    d <- table[2, 2]; m <- sum(table[, 2]); n <- sum(table[, 1]); k <- sum(table[2, ])
    support <- max(0, k - n):min(k, m)
    mass <- function(log_ratio) {
      weight <- dhyper(support, m, n, k, log = TRUE) + support * log_ratio
      exp(weight - max(weight)) / sum(exp(weight - max(weight)))
    }
    note(name, "fisher", "ratio", exp(root(function(b) sum(mass(b) * support) - d, -10, 10)))
    note(name, "fisher", "low", exp(root(function(b) sum(mass(b)[support >= d]) - 0.025, -10, 10)))
    note(name, "fisher", "high", exp(root(function(b) sum(mass(b)[support <= d]) - 0.025, -10, 10)))
  }
}
counts("counts_menostat", gbsg2$horTh, gbsg2$menostat)
counts("counts_60", head60$horTh, head60$menostat)
counts("counts_tgrade", gbsg2$horTh, gbsg2$tgrade)
counts("counts_age_60", head60$tgrade, cut(head60$age, c(0, 45, 55, 65, 99)))
counts("counts_rossi", rossi$arrest, rossi$fin)

# Correlations.
correlated <- function(name, x, y, method) {
  test <- suppressWarnings(cor.test(x, y, method = method, exact = if (method == "spearman" && (length(x) > 9 || anyDuplicated(x))) FALSE else NULL))
  note(name, method, c("estimate", "statistic", "p"), c(test$estimate, test$statistic, test$p.value))
  if (method == "pearson") note(name, method, c("low", "high"), test$conf.int)
}
for (method in c("pearson", "spearman", "kendall")) {
  correlated("cor_pairs", twice$before, twice$after, method)
  correlated("cor_nine", twice$before[1:9], twice$after[c(3, 1, 2, 5, 9, 4, 6, 8, 7)], method)
  correlated("cor_gbsg2", gbsg2$age, gbsg2$progrec, method)
}
given <- model.matrix(~ pnodes + tsize + tgrade, gbsg2)[, -1]
ranked_given <- cbind(rank(gbsg2$pnodes), rank(gbsg2$tsize), given[, 3:4])
partial <- function(name, x, y, z, widen) {
  r <- -cov2cor(solve(cov(cbind(x, y, z))))[1, 2]
  df <- length(x) - 2 - ncol(z)
  t <- r * sqrt(df / (1 - r^2))
  error <- (if (widen) sqrt(1 + r^2 / 2) else 1) / sqrt(df - 1)
  note(name, "all", c("estimate", "statistic", "df", "p", "low", "high"),
       c(r, t, df, 2 * pt(-abs(t), df), tanh(atanh(r) + c(-1, 1) * qnorm(0.975) * error)))
}
partial("partial_pearson", gbsg2$age, gbsg2$progrec, given, FALSE)
partial("partial_spearman", rank(gbsg2$age), rank(gbsg2$progrec), ranked_given, TRUE)

# The same patients twice.
paired <- function(name, first, second, threshold, margin) {
  change <- second - first
  n <- length(change)
  test <- t.test(second, first, paired = TRUE)
  note(name, "t", c("estimate", "low", "high", "statistic", "p"), c(test$estimate, test$conf.int, test$statistic, test$p.value))
  note(name, "t", c("d_low", "d_high"), limits_t(test$statistic, n - 1) / sqrt(n))
  note(name, "t", "d", cohens_d(change, ci = NULL)$Cohens_d)
  note(name, "t", "g", hedges_g(change, ci = NULL)$Hedges_g)
  for (correct in c(TRUE, FALSE)) {
    test <- suppressWarnings(wilcox.test(second, first, paired = TRUE, exact = FALSE, correct = correct, conf.int = TRUE, tol.root = 1e-12))
    note(name, if (correct) "corrected" else "plain", c("statistic", "p", "low", "high"), c(test$statistic, test$p.value, test$conf.int))
  }
  test <- wilcox.exact(second, first, paired = TRUE, exact = TRUE)
  note(name, "exact", c("statistic", "p"), c(test$statistic, test$p.value))
  data <- data.frame(second, first)
  note(name, "pratt", "p", pvalue(wilcoxsign_test(second ~ first, data, zero.method = "Pratt")))
  note(name, "pratt", "exact_p", pvalue(wilcoxsign_test(second ~ first, data, zero.method = "Pratt", distribution = "exact")))
  note(name, "sign", "p", binom.test(sum(change > 0), sum(change != 0))$p.value)
  test <- t.test(100 * change / first)
  note(name, "percent", c("estimate", "low", "high", "p"), c(test$estimate, test$conf.int, test$p.value))
  test <- t.test(log(second / first))
  note(name, "ratio", c("estimate", "low", "high", "p"), c(exp(test$estimate), exp(test$conf.int), test$p.value))
  note(name, "equivalence", c("low", "high"), t.test(change, conf.level = 0.9)$conf.int)
  note(name, "equivalence", "p", max(t.test(change, mu = -margin, alternative = "greater")$p.value,
                                     t.test(change, mu = margin, alternative = "less")$p.value))
  z <- qnorm(0.975)
  note(name, "limits", c("low", "high"), mean(change) + c(-1, 1) * z * sd(change))
  k <- suppressWarnings(sapply(c(0.025, 0.975), function(p) root(function(t) pt(t, n - 1, z * sqrt(n)) - p, 0, 60))) / sqrt(n)
  note(name, "limits", c("exact_inner", "exact_outer"), mean(change) + k * sd(change))
  half <- qt(0.975, n - 1) * sd(change) * sqrt(1 / n + z^2 / (2 * (n - 1)))
  note(name, "limits", c("approximate_inner", "approximate_outer"), mean(change) + z * sd(change) + c(-1, 1) * half)
  middle <- (first + second) / 2
  fit <- lm(change ~ middle)
  note(name, "slope", c("estimate", "low", "high", "p"), c(coef(fit)[2], confint(fit)[2, ], summary(fit)$coefficients[2, 4]))
  table <- ICC(cbind(first, second), lmer = FALSE)$results
  note(name, "icc2", c("estimate", "low", "high"), unlist(table[2, c("ICC", "lower bound", "upper bound")]))
  note(name, "icc3", c("estimate", "low", "high"), unlist(table[3, c("ICC", "lower bound", "upper bound")]))
  note(name, "concordance", c("estimate", "low", "high"), unlist(epi.ccc(first, second)$rho.c))
  before <- first >= threshold
  after <- second >= threshold
  agreed <- cohen.kappa(cbind(before, after))
  note(name, "kappa", c("low", "estimate", "high"), agreed$confid[1, ])
  note(name, "kappa", "std_error", sqrt(agreed$var.kappa))
  note(name, "kappa", "mcnemar_p", binom.test(sum(!before & after), sum(before != after))$p.value)
  note(name, "kappa", c("stayed_below", "rose", "fell", "stayed_above"),
       c(sum(!before & !after), sum(!before & after), sum(before & !after), sum(before & after)))
}
paired("paired_pairs", twice$before, twice$after, 50, 6)
paired("paired_ratings", ratings$physician, ratings$patient, 80, 3)
untied <- wilcox.test(twice$after, twice$before, paired = TRUE, conf.int = TRUE)
note("paired_pairs", "r_exact", c("p", "low", "high", "shift"), c(untied$p.value, untied$conf.int, untied$estimate))
write.csv(do.call(rbind, found), file.path(folders[2], "groups_more.csv"), row.names = FALSE, quote = FALSE)
